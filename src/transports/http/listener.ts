/** The MCP listener: its server, and its route table. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGuard, type Guard, type GuardOptions } from '../../auth/guards.js';
import { isLoopback } from '../../config/option-kinds.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { Connections } from './connections.js';
import { answerPreflight, isPreflight, shareWith } from './cors.js';
import { HttpServer } from './http-server.js';
import { LegacySse, MESSAGES_PATH } from './legacy-sse.js';
import { answering, reject, SECOND_HOST } from './reply.js';
import { hasSecondHost, type RequestTarget, readTarget } from './request-target.js';
import { type HttpTransportCollaborators, StreamableHttp } from './streamable-http.js';

export const MCP_PATH = '/mcp';
const SSE_PATH = '/sse';

const MCP_TARGET: RequestTarget = readTarget(MCP_PATH);

/** A client must have sent a whole request by then. Otherwise Node answers 408. */
const REQUEST_DEADLINE_MS = 60_000;
const HEADERS_DEADLINE_MS = 15_000;
/** Longer than the idle time after which proxies and clients close a connection themselves. */
const KEEP_ALIVE_MS = 75_000;
/** Detects peers that vanished, such as a laptop that was closed. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** How long answers may take to leave when the gateway stops. */
const CLOSE_DEADLINE_MS = 2_000;

export interface ListenerOptions
  extends HttpTransportCollaborators,
    Omit<GuardOptions, 'allowsAddresses' | 'allowsLinks'> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly connections: Connections;
}

export class Listener {
  readonly #server: HttpServer;
  readonly #guard: Guard;
  readonly #events: GatewayEmitter;
  readonly #streamableHttp: StreamableHttp;
  readonly #legacySse: LegacySse;

  constructor(options: ListenerOptions) {
    this.#events = options.events;
    this.#guard = createGuard({
      ...options,
      allowsAddresses: !isLoopback(options.host),
      allowsLinks: false,
    });
    this.#streamableHttp = new StreamableHttp(options);
    this.#legacySse = new LegacySse(options);
    const { connections, events, host, port } = options;
    this.#server = new HttpServer({
      connections,
      events,
      host,
      port,
      option: { host: 'host', port: 'port' },
      headersDeadlineMs: HEADERS_DEADLINE_MS,
      requestDeadlineMs: REQUEST_DEADLINE_MS,
      keepAliveMs: KEEP_ALIVE_MS,
      tcpKeepAliveMs: TCP_KEEP_ALIVE_MS,
      handle: (request, response) =>
        answering(events, request, response, () => this.#route(request, response)),
    });
  }

  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` if the address is not available */
  listen(): Promise<AddressInfo> {
    return this.#server.listen();
  }

  /**
   * Accepts no new connections, lets answers that are being written leave, and resolves when all connections are
   * closed.
   */
  close(): Promise<void> {
    return this.#server.close(CLOSE_DEADLINE_MS);
  }

  /** Closes everything at once. */
  kill(): Promise<void> {
    return this.#server.close(0);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const { url = '/', headers } = request;
    const target = url === MCP_PATH ? MCP_TARGET : readTarget(url);
    if (hasSecondHost(request.rawHeaders)) return reject(this.#events, request, response, SECOND_HOST);
    const rejection = this.#guard.site(headers, target.host);
    if (rejection !== undefined) return reject(this.#events, request, response, rejection);
    if (headers.origin !== undefined) {
      shareWith(headers.origin, response);
      if (isPreflight(request)) return answerPreflight(request, response);
    }
    const principal = this.#guard.token(headers);
    if (typeof principal !== 'string') return reject(this.#events, request, response, principal);
    switch (target.path) {
      case MCP_PATH:
        return this.#streamableHttp.handle(request, response, principal);
      case SSE_PATH:
        return this.#legacySse.open(request, response, principal, target);
      case MESSAGES_PATH:
        return this.#legacySse.message(request, response, principal, target);
      default:
        return reject(this.#events, request, response, {
          status: 404,
          reason: 'not_found',
          message: `Not found: this server has ${MCP_PATH} (Streamable HTTP) and ${SSE_PATH} (legacy HTTP+SSE)`,
        });
    }
  }
}
