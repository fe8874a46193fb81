/**
 * Serves requests to the endpoints of all servers, whichever server has received them: the gateway's own listener, or one
 * of the program that embeds it. It checks who may ask, finds the server, and hands the request to its transport.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AuthenticationChain, isRejection } from '../../auth/authentication.js';
import type { Guard } from '../../auth/guards.js';
import type { ProtectedResources } from '../../auth/oauth/protected-resources.js';
import { NOT_ALLOWED } from '../../auth/rules/rules-gate.js';
import type { Visitor } from '../../auth/visitor.js';
import type { SessionManager } from '../../session/session-manager.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { authenticate } from './authenticator.js';
import { answerPreflight, isPreflight, shareWith } from './cors.js';
import type { HttpTransportCollaborators } from './http-transport.js';
import { LegacySse } from './legacy-sse.js';
import { answering, type HttpRejection, headerOf, reject, SECOND_HOST } from './reply.js';
import {
  hasSecondHost,
  mountPathOf,
  type RequestTarget,
  readTarget,
  sentTargetOf,
} from './request-target.js';
import {
  type Endpoint,
  endpointOf,
  indexPage,
  notFound,
  type ServedServer,
  type ServerDirectory,
  type ToldServers,
  unavailable,
  visibleServers,
} from './server-directory.js';
import { StreamableHttp } from './streamable-http.js';
import { clientAddressOf } from './trusted-proxies.js';
import { answerWellKnown, isWellKnown } from './well-known.js';

const MCP_PATH = '/mcp';
const MCP_TARGET: RequestTarget = readTarget(MCP_PATH);

/** What a path leads to: an endpoint of a server, if it leads to one. */
interface Place {
  /** `undefined`: the only server. */
  readonly name: string | undefined;
  readonly endpoint: Endpoint | undefined;
}

/** The one of almost all requests to a gateway with one server. */
const ONLY_MCP: Place = { name: undefined, endpoint: MCP_PATH };
const NO_ENDPOINT: Place = { name: undefined, endpoint: undefined };

/** Both transports over HTTP, for one server. */
interface Transports {
  readonly streamableHttp: StreamableHttp;
  readonly legacySse: LegacySse;
}

export interface McpHandlerOptions extends Omit<HttpTransportCollaborators, 'sessions'> {
  readonly servers: ServerDirectory;
  readonly guard: Guard;
  readonly authentication: AuthenticationChain;
  readonly resources: ProtectedResources;
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
    const { guard, authentication, resources, audit } = this.#options;
    const target = url === MCP_PATH ? MCP_TARGET : readTarget(url);
    if (hasSecondHost(request.rawHeaders)) return this.#reject(request, response, SECOND_HOST);
    // What an endpoint says of itself is for everybody, whatever page asks.
    const sent = sentTargetOf(request);
    if (isWellKnown(sent))
      return answerWellKnown(request, response, resources.metadata(readTarget(sent).path));
    const rejection = guard.site(headers, target.host);
    if (rejection !== undefined) return this.#reject(request, response, rejection);
    if (headers.origin !== undefined) {
      shareWith(headers.origin, response);
      if (isPreflight(request)) return answerPreflight(request, response);
    }
    const place = this.#placeOf(target, mounted);
    const served = this.#server(place)?.name;
    const path = served === undefined ? undefined : target.path === '/' ? '' : target.path;
    const resource = resources.endpoint(path, served);
    authenticate(authentication, this.#events, request, response, resource, (found) => {
      const address = clientAddressOf(request);
      if (!isRejection(found))
        return this.#serve(
          request,
          response,
          { principal: found, address, endpoint: resource },
          target,
          place,
        );
      const sessionId = headerOf(request, 'mcp-session-id');
      audit?.refusedUnread({ identity: undefined, address, server: served, sessionId }, found);
      this.#reject(request, response, found);
    });
  }

  #placeOf(target: RequestTarget, mounted: boolean): Place {
    if (target === MCP_TARGET || (target.path === '/' && mounted)) return ONLY_MCP;
    return endpointOf(target.path) ?? NO_ENDPOINT;
  }

  #server({ name, endpoint }: Place): ServedServer | undefined {
    if (endpoint === undefined) return undefined;
    return name === undefined ? this.#servers.only : this.#servers.get(name);
  }

  #serve(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    target: RequestTarget,
    place: Place,
  ): void {
    if (target.path === '/' && asksForPage(request)) return this.#index(request, response, visitor);
    const server = this.#server(place);
    const { endpoint } = place;
    if (endpoint === undefined || server === undefined || !this.#opens(visitor, server))
      return this.#reject(request, response, this.#unknown(request, visitor, place));
    const { sessions } = server;
    if (sessions === undefined) return this.#reject(request, response, unavailable(server));
    const { streamableHttp, legacySse } = this.#transportsOf(sessions);
    switch (endpoint) {
      case '/mcp':
        return streamableHttp.handle(request, response, visitor);
      case '/sse':
        return legacySse.open(request, response, visitor, target);
      case '/messages':
        return legacySse.message(request, response, visitor, target);
      default:
        return endpoint satisfies never;
    }
  }

  /** Whether the rules let the principal use anything of the server. */
  #opens(visitor: Visitor, { name }: ServedServer): boolean {
    const { rules, audit, events } = this.#options;
    const barred = rules.bars(visitor, name);
    if (barred === undefined) return true;
    const { identity } = visitor.principal;
    const reason = 'server_not_allowed';
    events.emit('request-judged', { identity, reason });
    const unread = { identity, address: visitor.address, server: name, sessionId: undefined };
    audit?.refusedUnread(unread, { reason, ...barred });
    return false;
  }

  /** A server that must not be used looks like one that does not exist, unless there is no other. */
  #unknown(request: IncomingMessage, visitor: Visitor, { endpoint, name }: Place): HttpRejection {
    if (
      endpoint !== undefined &&
      (name === undefined || this.#servers.only?.name === name) &&
      this.#servers.only
    )
      return { status: 403, reason: 'server_not_allowed', message: NOT_ALLOWED };
    return notFound(this.#visible(visitor), mountPathOf(request));
  }

  #visible(visitor: Visitor): ToldServers {
    const { rules } = this.#options;
    return visibleServers(this.#servers, ({ name }) => rules.shows(visitor, name));
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

  #index(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    const page = Buffer.from(indexPage(this.#visible(visitor), mountPathOf(request)));
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
