/**
 * The admin listener: metrics for Prometheus, health checks, and the sessions for an operator. It has another port than
 * the MCP listener, so that it can stay on loopback, and it answers no CORS requests.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthenticationChain, type AuthenticationRejection, isRejection } from '../auth/authentication.js';
import { createGuard } from '../auth/guards.js';
import type { ListenerTls } from '../auth/listener-tls.js';
import { ProtectedResources } from '../auth/oauth/protected-resources.js';
import { optionToken, StaticTokens } from '../auth/static-tokens.js';
import { isLoopback } from '../config/option-kinds.js';
import { messageOf, withoutPaths } from '../shared/errors.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { MultiClientCount } from '../telemetry/metrics/multi-client-metrics.js';
import type { Scrape } from '../telemetry/metrics/recorder.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import type { GatewayView } from '../telemetry/snapshot.js';
import type { Connections } from '../transports/http/connections.js';
import { HttpServer } from '../transports/http/http-server.js';
import type { OutputBudget } from '../transports/http/output-budget.js';
import { rejectedRequest, SECOND_HOST } from '../transports/http/reply.js';
import { hasSecondHost, readTarget } from '../transports/http/request-target.js';
import { ResponseOutput } from '../transports/http/response-output.js';
import { rejectionHeaders } from '../transports/http/staged-close.js';
import { clientAddressOf, type TrustedProxies } from '../transports/http/trusted-proxies.js';
import { type AdminHandler, type AdminReply, createRoutes, findRoute, problem } from './routes.js';

const REQUEST_DEADLINE_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** How long `close` waits for requests that are being answered. */
const CLOSE_DEADLINE_MS = 5_000;
const NO_RESOURCES = { publicUrl: undefined, issuers: [], scopes: [], servers: () => [] };

export interface AdminServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** As in `GuardOptions`. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Required for everything except `/healthz` and `/readyz`, unless the client has a certificate. */
  readonly token: string | undefined;
  readonly tls?: ListenerTls | undefined;
  readonly proxies?: TrustedProxies | undefined;
  readonly view: GatewayView;
  /** Begins to count clients, for one answer. */
  readonly newCount: () => MultiClientCount;
  readonly scrape: (accept: string | undefined) => Promise<Scrape>;
  readonly events: GatewayEmitter;
  readonly connections: Connections;
  readonly output: OutputBudget;
}

export interface AdminServer {
  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` if the address is not available */
  listen(): Promise<AddressInfo>;
  /** Answers the requests that have arrived, for at most 5 s, and resolves when every connection is closed. */
  close(): Promise<void>;
}

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const { host, port, allowedHosts, allowedOrigins, token, tls, proxies, view, newCount, scrape, events } =
    options;
  const routes = createRoutes(view, newCount, scrape);
  const access = { allowedHosts, allowedOrigins, allowsAddresses: !isLoopback(host) };
  const authentication = new AuthenticationChain({
    ways: [
      ...(tls?.clients === undefined ? [] : [tls.clients]),
      ...(token === undefined ? [] : [new StaticTokens([optionToken(token)])]),
    ],
    allowsAnonymous: token === undefined && tls?.clients === undefined,
    takesTokens: true,
  });
  // Not one that an authorization server issues tokens for.
  const endpoint = new ProtectedResources(NO_RESOURCES).endpoint(undefined, undefined);
  const guard = createGuard({ ...access, allowsLinks: true });
  // A link of another site may lead to what is read here, but not to what changes something.
  const guardOfChanges = createGuard({ ...access, allowsLinks: false });
  const server = new HttpServer({
    connections: options.connections,
    events,
    host,
    port,
    tls,
    proxies,
    option: { host: 'admin-host', port: 'admin-port' },
    headersDeadlineMs: REQUEST_DEADLINE_MS,
    requestDeadlineMs: REQUEST_DEADLINE_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    handle: (request, response) => {
      answer(request, response).catch((error: unknown) => fail(request, response, error));
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = readTarget(request.url ?? '/');
    if (hasSecondHost(request.rawHeaders)) {
      const { status, reason, message } = SECOND_HOST;
      return reject(request, response, reason, problem(status, reason, message));
    }
    const found = findRoute(routes, target.path);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const site = method === 'GET' ? guard : guardOfChanges;
    const rejection =
      site.site(request.headers, target.host) ?? (await tokenRejection(found?.route.open === true, request));
    if (rejection !== undefined) {
      const { status, reason, message } = rejection;
      const headers = 'headers' in rejection ? rejection.headers : {};
      return reject(request, response, reason, problem(status, reason, message), headers);
    }
    if (found === undefined) {
      const message = 'There is nothing at this path.';
      reject(
        request,
        response,
        'not_found',
        problem(404, 'not_found', message, { routes: describeRoutes() }),
      );
      return;
    }

    const { route, id } = found;
    const handler: AdminHandler | undefined =
      method === 'GET' || method === 'DELETE' || method === 'POST' ? route.methods[method] : undefined;
    if (handler === undefined) {
      const allow = methodsOf(route.methods).join(', ');
      const reply = problem(405, 'method_not_allowed', `${route.path} takes ${allow}.`, {
        routes: describeRoutes(),
      });
      reject(request, response, 'method_not_allowed', reply, { allow });
      return;
    }
    await write(
      request,
      response,
      await handler({ id, query: target.query, accept: request.headers.accept }),
    );
  }

  async function tokenRejection(
    isOpen: boolean,
    request: IncomingMessage,
  ): Promise<AuthenticationRejection | undefined> {
    if (isOpen) return undefined;
    const found = await authentication.authenticate(request, endpoint);
    return isRejection(found) ? found : undefined;
  }

  /** An exception while answering affects only this request. */
  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const message = messageOf(error);
    events.emit('notice', { level: 'error', message: `${rejectedRequest(request).path} failed: ${message}` });
    if (response.headersSent) response.destroy();
    else void write(request, response, problem(500, 'internal_error', withoutPaths(message)));
  }

  function reject(
    request: IncomingMessage,
    response: ServerResponse,
    reason: RejectionReason,
    reply: AdminReply,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const remoteAddress = clientAddressOf(request);
    events.emit('rejected', {
      reason,
      status: reply.status,
      sessionId: undefined,
      remoteAddress,
      request: rejectedRequest(request),
    });
    void write(request, response, reply, { ...headers, ...rejectionHeaders(request) });
  }

  /** Rejects with what creating a part of the body throws. */
  async function write(
    request: IncomingMessage,
    response: ServerResponse,
    { status, contentType, body }: AdminReply,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    response.writeHead(status, {
      ...headers,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(!server.listening && { connection: 'close' }),
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(typeof body === 'string' && { 'content-length': Buffer.byteLength(body) }),
    });
    const output = new ResponseOutput(response, options.connections, options.output);
    if (request.method === 'HEAD') response.end();
    else if (typeof body !== 'object') response.end(body);
    else await output.write(body);
    output.watch();
  }

  function describeRoutes(): string[] {
    return routes.flatMap(({ path, methods }) => methodsOf(methods).map((method) => `${method} ${path}`));
  }

  return {
    listen: () => server.listen(),
    close: () => server.close(CLOSE_DEADLINE_MS),
  };
}

function methodsOf(methods: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}
