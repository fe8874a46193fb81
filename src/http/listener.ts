/** The MCP listener: its server, and its route table. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayEmitter } from '../events.js';
import type { Connections } from './connections.js';
import { createGuard, type Guard, type GuardOptions } from './guards.js';
import { HttpServer } from './http-server.js';
import { LegacySse, MESSAGES_PATH } from './legacy-sse.js';
import { reject } from './reply.js';
import { StreamableHttp, type TransportParts } from './streamable-http.js';

export const MCP_PATH = '/mcp';
const SSE_PATH = '/sse';

/** A client must have sent a whole request by then; Node answers 408 otherwise. */
const REQUEST_DEADLINE_MS = 60_000;
const HEADERS_DEADLINE_MS = 15_000;
/** Longer than the idle time after which proxies and clients let go of a connection themselves. */
const KEEP_ALIVE_MS = 75_000;
/** Finds out about peers that are gone without a word, a laptop that was closed, say. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** What answers are still on their way when the gateway stops may take so long to leave. */
const CLOSE_DEADLINE_MS = 2_000;

export interface ListenerOptions extends TransportParts, GuardOptions {
  readonly host: string;
  /** 0 takes a free one. */
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
    this.#guard = createGuard(options);
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
      handle: (request, response) => this.#route(request, response),
    });
  }

  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` when the address can't be had. */
  listen(): Promise<AddressInfo> {
    return this.#server.listen();
  }

  /** Takes no new connection, lets answers that are being written leave, and resolves when all are closed. */
  close(): Promise<void> {
    return this.#server.close(CLOSE_DEADLINE_MS);
  }

  /** Closes everything at once. */
  kill(): Promise<void> {
    return this.#server.close(0);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const verdict = this.#guard(request.headers);
    if (!verdict.ok) return reject(this.#events, request, response, verdict);
    const { url = '' } = request;
    const queryStart = url.indexOf('?');
    const path = queryStart === -1 ? url : url.slice(0, queryStart);
    switch (path) {
      case MCP_PATH:
        return this.#streamableHttp.handle(request, response, verdict.principal);
      case SSE_PATH:
        return this.#legacySse.open(request, response, verdict.principal);
      case MESSAGES_PATH: {
        const query = new URLSearchParams(queryStart === -1 ? '' : url.slice(queryStart));
        return this.#legacySse.message(request, response, verdict.principal, query);
      }
      default:
        return reject(this.#events, request, response, {
          status: 404,
          reason: 'not_found',
          message: `Not found: this server has ${MCP_PATH} (Streamable HTTP) and ${SSE_PATH} (legacy HTTP+SSE)`,
        });
    }
  }
}
