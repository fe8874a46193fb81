/** The MCP listener: its server, and its route table. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGuard, type Guard, type GuardOptions } from '../../auth/guards.js';
import { isLoopback } from '../../config/option-kinds.js';
import type { SessionManager } from '../../session/session-manager.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { Connections } from './connections.js';
import { answerPreflight, isPreflight, shareWith } from './cors.js';
import { HttpServer } from './http-server.js';
import type { HttpTransportCollaborators } from './http-transport.js';
import { LegacySse } from './legacy-sse.js';
import { answering, reject, SECOND_HOST } from './reply.js';
import { hasSecondHost, type RequestTarget, readTarget } from './request-target.js';
import {
  type Endpoint,
  endpointOf,
  indexPage,
  notFound,
  type ServerDirectory,
  unavailable,
} from './server-directory.js';
import { StreamableHttp } from './streamable-http.js';

const MCP_PATH = '/mcp';
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

/** The one of almost all requests to a gateway with one server. */
const ONLY_MCP = { name: undefined, endpoint: MCP_PATH } as const;
const NO_ENDPOINT: { readonly name: undefined; readonly endpoint: Endpoint | undefined } = {
  name: undefined,
  endpoint: undefined,
};

/** Both transports over HTTP, for one server. */
interface Transports {
  readonly streamableHttp: StreamableHttp;
  readonly legacySse: LegacySse;
}

export interface ListenerOptions
  extends Omit<HttpTransportCollaborators, 'sessions'>,
    Omit<GuardOptions, 'allowsAddresses' | 'allowsLinks'> {
  readonly servers: ServerDirectory;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly connections: Connections;
}

export class Listener {
  readonly #server: HttpServer;
  readonly #guard: Guard;
  readonly #events: GatewayEmitter;
  readonly #servers: ServerDirectory;
  readonly #transportOptions: Omit<HttpTransportCollaborators, 'sessions'>;
  readonly #transports = new WeakMap<SessionManager, Transports>();

  constructor(options: ListenerOptions) {
    this.#events = options.events;
    this.#guard = createGuard({
      ...options,
      allowsAddresses: !isLoopback(options.host),
      allowsLinks: false,
    });
    this.#servers = options.servers;
    this.#transportOptions = options;
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
    this.#serve(request, response, principal, target);
  }

  #serve(request: IncomingMessage, response: ServerResponse, principal: string, target: RequestTarget): void {
    const { path } = target;
    if (path === '/') return this.#index(request, response);
    const { name, endpoint } = target === MCP_TARGET ? ONLY_MCP : (endpointOf(path) ?? NO_ENDPOINT);
    const server = name === undefined ? this.#servers.only : this.#servers.get(name);
    if (endpoint === undefined || server === undefined)
      return reject(this.#events, request, response, notFound(this.#servers));
    const { sessions } = server;
    if (sessions === undefined) return reject(this.#events, request, response, unavailable(server));
    const { streamableHttp, legacySse } = this.#transportsOf(sessions);
    switch (endpoint) {
      case '/mcp':
        return streamableHttp.handle(request, response, principal);
      case '/sse':
        return legacySse.open(request, response, principal, target);
      case '/messages':
        return legacySse.message(request, response, principal, target);
      default:
        return endpoint satisfies never;
    }
  }

  #transportsOf(sessions: SessionManager): Transports {
    let transports = this.#transports.get(sessions);
    if (transports === undefined) {
      const parts = { ...this.#transportOptions, sessions };
      transports = { streamableHttp: new StreamableHttp(parts), legacySse: new LegacySse(parts) };
      this.#transports.set(sessions, transports);
    }
    return transports;
  }

  #index(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    const wanted = (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true;
    if (!wanted) return reject(this.#events, request, response, notFound(this.#servers));
    const page = Buffer.from(indexPage(this.#servers));
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': page.length,
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    });
    response.end(method === 'HEAD' ? undefined : page);
  }
}
