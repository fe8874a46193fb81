/**
 * Serves requests to the endpoints of all servers, whichever server has received them: the gateway's own listener, or one
 * of the program that embeds it. It checks who may ask, finds the server, and hands the request to its transport.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../../auth/guards.js';
import type { Principal } from '../../auth/principal.js';
import type { SessionManager } from '../../session/session-manager.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { Authenticator } from './authenticator.js';
import { answerPreflight, isPreflight, shareWith } from './cors.js';
import type { HttpTransportCollaborators } from './http-transport.js';
import { LegacySse } from './legacy-sse.js';
import { answering, type HttpRejection, reject, SECOND_HOST } from './reply.js';
import { hasSecondHost, mountPathOf, type RequestTarget, readTarget } from './request-target.js';
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

export interface McpHandlerOptions extends Omit<HttpTransportCollaborators, 'sessions'> {
  readonly servers: ServerDirectory;
  readonly guard: Guard;
  readonly authenticator: Authenticator;
}

export class McpHandler {
  readonly #options: McpHandlerOptions;
  readonly #events: GatewayEmitter;
  readonly #servers: ServerDirectory;
  readonly #transports = new WeakMap<SessionManager, Transports>();

  constructor(options: McpHandlerOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#servers = options.servers;
  }

  /**
   * Answers a request. It throws nothing.
   * @param mounted whether the program that embeds the gateway has chosen the path: its root is the only server's
   */
  handle(request: IncomingMessage, response: ServerResponse, mounted: boolean): void {
    answering(this.#events, request, response, () => this.#check(request, response, mounted));
  }

  #check(request: IncomingMessage, response: ServerResponse, mounted: boolean): void {
    const { url = '/', headers } = request;
    const { guard, authenticator } = this.#options;
    const target = url === MCP_PATH ? MCP_TARGET : readTarget(url);
    if (hasSecondHost(request.rawHeaders)) return this.#reject(request, response, SECOND_HOST);
    const rejection = guard.site(headers, target.host);
    if (rejection !== undefined) return this.#reject(request, response, rejection);
    if (headers.origin !== undefined) {
      shareWith(headers.origin, response);
      if (isPreflight(request)) return answerPreflight(request, response);
    }
    authenticator.authenticate(request, response, (found) => {
      if ('status' in found) this.#reject(request, response, found);
      else this.#serve(request, response, found, target, mounted);
    });
  }

  #serve(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    target: RequestTarget,
    mounted: boolean,
  ): void {
    const { path } = target;
    const isRoot = path === '/';
    if (isRoot && asksForPage(request)) return this.#index(request, response);
    const { name, endpoint } =
      target === MCP_TARGET || (isRoot && mounted) ? ONLY_MCP : (endpointOf(path) ?? NO_ENDPOINT);
    const server = name === undefined ? this.#servers.only : this.#servers.get(name);
    if (endpoint === undefined || server === undefined)
      return this.#reject(request, response, notFound(this.#servers, mountPathOf(request)));
    const { sessions } = server;
    if (sessions === undefined) return this.#reject(request, response, unavailable(server));
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
      const parts = { ...this.#options, sessions };
      transports = { streamableHttp: new StreamableHttp(parts), legacySse: new LegacySse(parts) };
      this.#transports.set(sessions, transports);
    }
    return transports;
  }

  #index(request: IncomingMessage, response: ServerResponse): void {
    const page = Buffer.from(indexPage(this.#servers, mountPathOf(request)));
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': page.length,
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : page);
  }

  #reject(request: IncomingMessage, response: ServerResponse, rejection: HttpRejection): void {
    reject(this.#events, request, response, rejection);
  }
}

function asksForPage({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true;
}
