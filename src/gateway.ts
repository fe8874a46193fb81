/** The composition root: the only file that creates the concrete classes and connects them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { DestinationStream } from 'pino';
import { createAdminServer } from './admin/admin-server.js';
import { createAccess } from './auth/access.js';
import { gateOf } from './auth/gate.js';
import { createGuard } from './auth/guards.js';
import { Rules } from './auth/rules/rules.js';
import { RulesGate } from './auth/rules/rules-gate.js';
import { isLoopback } from './config/option-kinds.js';
import type { ResolvedOptions } from './config/options.js';
import { StreamDelivery } from './delivery/stream-delivery.js';
import type { HostedServer } from './hosting/hosted-server.js';
import { HostedServers } from './hosting/hosted-servers.js';
import { HostedWorkers } from './hosting/hosted-workers.js';
import { createView } from './hosting/view.js';
import { LibuvPoolProbe } from './isolation/libuv-pool-probe.js';
import { checkProgramOptions, type Listening, type ProgramOptions } from './program-options.js';
import { quotasOf } from './quotas/quotas.js';
import { cacheFolder } from './servers/cache-folder.js';
import { LearnedFiles } from './servers/learned-files.js';
import { createSecrets } from './servers/secrets/create-secrets.js';
import { AllSessions } from './session/all-sessions.js';
import { BulkheadError } from './shared/errors.js';
import { StopDeadline } from './shared/stop-deadline.js';
import { AuditLog } from './telemetry/audit/audit-log.js';
import { GatewayEmitter, type ReloadCause } from './telemetry/events.js';
import {
  noteDebugger,
  noteExposure,
  noteStart,
  noteStop,
  noteStopped,
  noteUnencrypted,
} from './telemetry/log/lifecycle-notices.js';
import { createLog, forwardLog } from './telemetry/log/log.js';
import {
  MultiClientCount,
  type MultiClientMetrics,
  multiClientMetrics,
} from './telemetry/metrics/multi-client-metrics.js';
import { createMetrics, type Scrape } from './telemetry/metrics/recorder.js';
import type { GatewaySnapshot, ServerSnapshot, SessionSnapshot } from './telemetry/snapshot.js';
import { EmbeddedRequests } from './transports/http/embedded-requests.js';
import { HttpResources } from './transports/http/http-resources.js';
import { Listener } from './transports/http/listener.js';
import { McpHandler } from './transports/http/mcp-handler.js';
import { TrustedProxies } from './transports/http/trusted-proxies.js';
import { type ClientStreams, type StdioEnd, StdioSession } from './transports/stdio/stdio-session.js';
import { VERSION } from './version.js';

/**
 * How long a stop may take once requests have had time to finish: for sessions, connections, threads and child
 * processes.
 */
const STOP_DEADLINE_MS = 4_000;
/** The part of it that is reserved for threads and child processes, */
const POOL_DEADLINE_MS = 1_200;
/** and for connections. */
const LISTENERS_DEADLINE_MS = 300;
/** How long answers that are being written may take to leave, before the rest of their connections is closed. */
const ANSWERS_DEADLINE_MS = 2_000;
/** The same if the stop is cut short. */
const HASTENED_DEADLINE_MS = 500;

/** A session over two streams. */
export interface ConnectedSession {
  /** Resolves when nothing of the session is left: who ended it. */
  readonly ended: Promise<StdioEnd>;
  /** Ends it, as the end of the client's stream does: requests in flight may finish within `drain-timeout`. */
  close(): void;
}

export interface ReloadOptions {
  /**
   * Which sessions leave their threads or processes for the new version: `sleepers`, by default, those whose server may
   * sleep; `all` also those whose server holds something in memory, which is lost then. The others change when they have
   * ended.
   */
  readonly sessions?: 'sleepers' | 'all';
  /** What asks for it, for the event and the log; `api` by default. */
  readonly cause?: ReloadCause;
}

/** A running gateway with its listeners. */
export interface Gateway extends EmbeddedGateway {
  readonly url: URL;
  readonly adminUrl: URL;
}

/** A running gateway, whether it has listeners or not. */
export interface EmbeddedGateway {
  /**
   * The Streamable HTTP endpoint; the older HTTP+SSE transport is at `/sse` on the same host and port. `undefined` without
   * a listener.
   */
  readonly url: URL | undefined;
  /** The admin listener's root: `/metrics`, `/healthz`, `/readyz`, `/sessions` are below it. `undefined` without one. */
  readonly adminUrl: URL | undefined;
  /**
   * Answers a request that a server of the program has received, over HTTP/1.1: `/mcp`, `/sse` and `/messages`, and the same
   * below each server's name. The path is `request.url`; what a framework has taken off it must be in
   * `request.originalUrl`. If a body parser comes first, `request.body` must be the parsed JSON. It throws nothing.
   */
  handler(request: IncomingMessage, response: ServerResponse): void;
  /**
   * All metrics, in the text format of Prometheus or OpenMetrics.
   * @param accept the `Accept` header of whoever asks; by default the format of Prometheus
   */
  metrics(accept?: string): Promise<Scrape>;
  /** Why no new session can be opened at the moment, as a sentence; `undefined`: one can. */
  unready(): string | undefined;
  /** Events of the gateway; `GatewayEvents` lists them. */
  readonly events: GatewayEmitter;
  snapshot(): GatewaySnapshot;
  sessions(): SessionSnapshot[];
  servers(): readonly ServerSnapshot[];
  /**
   * Reads the code of a server again, or of all. Each new version is tried out first; then it takes the place of the
   * earlier one: no connection closes, no request fails, `session.state` stays. Resolves when it is served.
   * @param server its name; left out: all servers, whose failures do not affect each other
   * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` if the new version cannot be served: the earlier one goes on;
   *   `ERR_BULKHEAD_OPTION` if there is no such server; `ERR_BULKHEAD_DRAINING` if the gateway stops
   */
  reload(server?: string, options?: ReloadOptions): Promise<readonly ServerSnapshot[]>;
  /** Goes on in a new file of the same name, after the audit log was renamed. `reload()` of all servers does so as well. */
  reopenAuditLog(): void;
  /** Sessions and requests of all clients, added up. */
  getMultiClientMetrics(): MultiClientMetrics;
  /** Ends one session. Resolves when nothing of it is left; `false` if there is none with this id. */
  endSession(sessionId: string): Promise<boolean>;
  /**
   * Opens a session over two streams that carry JSON-RPC messages, one in each line, as a stdio server's do. It begins
   * with the client's `initialize`. The gateway reads `input` and writes `output`, and destroys `input` at the end.
   * @param server the name of a server, if the gateway has several
   * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if there is no such server
   */
  connect(streams: ClientStreams, server?: string): ConnectedSession;
  /**
   * Drains: no new sessions, requests in flight may finish within `drain-timeout`, then everything ends. Resolves at
   * most 5 s after that. Session threads that a native call still blocks are left behind then: `snapshot().threads`
   * counts them, the log names their sessions, and only the end of the process ends them.
   * @param cause what stops the gateway, for the log
   */
  close(cause?: string): Promise<void>;
  /** Ends everything at once, within 5 s. If `close` is draining, this cuts it short: both resolve within a second. */
  kill(): Promise<void>;
}

/**
 * Starts a gateway. When it resolves, its listeners are open.
 * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` or `ERR_BULKHEAD_LISTEN`; nothing is left running then
 */
export async function startGateway(
  options: ResolvedOptions,
  program?: ProgramOptions & Listening,
): Promise<Gateway>;
export async function startGateway(
  options: ResolvedOptions,
  program: ProgramOptions,
): Promise<EmbeddedGateway>;
export async function startGateway(
  options: ResolvedOptions,
  program: ProgramOptions = {},
): Promise<EmbeddedGateway> {
  return (await start(options, program)).gateway;
}

/** A gateway, and its sessions' records. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly sessions: AllSessions;
}

/**
 * Starts a gateway whose sessions the caller can reach, for `mcp-bulkhead/testing`.
 * @param log receives the lines of its log, instead of stderr
 * @throws {BulkheadError} as `startGateway`
 */
export async function startOpenGateway(
  options: ResolvedOptions,
  program: ProgramOptions & Listening,
  log: DestinationStream,
): Promise<OpenGateway> {
  const { gateway, sessions } = await start(options, program, log);
  const { url, adminUrl } = gateway;
  if (url === undefined || adminUrl === undefined) throw new Error('The gateway has no listeners.');
  return { gateway: { ...gateway, url, adminUrl }, sessions };
}

async function start(
  options: ResolvedOptions,
  program: ProgramOptions,
  destination?: DestinationStream,
): Promise<{ readonly gateway: EmbeddedGateway; readonly sessions: AllSessions }> {
  checkProgramOptions(program);
  const { listen = true, admin: hasAdmin = listen, metadata, authenticate, logger } = program;
  const events = new GatewayEmitter();
  const { logLevel: level, logFormat: format, logLevelLabels: levelLabels } = options;
  const log =
    logger === undefined
      ? createLog({ events, level, format, levelLabels, ...(destination && { destination }) })
      : forwardLog(events, logger);
  // It throws if a file has changed meanwhile: nothing else is open then.
  const access = createAccess({ options, events, hook: authenticate, servers: () => servers.all() });
  const quotas = quotasOf(options, events);
  const sessions = new AllSessions(options, events, quotas);
  const workers = new HostedWorkers(options, events);
  const learned = new LearnedFiles(cacheFolder(process.env), VERSION, events);
  const secrets = createSecrets(options);
  const shared = { options, events, learned, secrets, ...workers };
  const servers = new HostedServers(options.catalogue, shared, sessions);
  const streams = new StreamDelivery(options, events);
  const http = new HttpResources({ events, maxBodyBytes: options.maxBodyBytes });
  const probe = new LibuvPoolProbe(events);
  const view = createView({ options, sessions, servers, workers, streams, http, probe });
  const metrics = createMetrics({
    events,
    view,
    knownTools: () => servers.tools,
    version: VERSION,
    principals: options.metricsPrincipals ?? [],
  });
  const { allowedHosts, allowedOrigins, host, port } = options;
  const allowsAddresses = !isLoopback(host);
  const guard = createGuard({ allowedHosts, allowedOrigins, allowsAddresses, allowsLinks: false });
  const policy = new Rules(options);
  const rules = new RulesGate(policy, events);
  const { auditLog } = options;
  const audit = auditLog === undefined ? undefined : new AuditLog({ ...options, auditLog }, events);
  const gates = [...(policy.none ? [] : [rules]), ...(quotas === undefined ? [] : [quotas])];
  // Without anything to decide or to record, requests pass by.
  const judges = gates.length > 0 || audit !== undefined || options.metricsPrincipals !== undefined;
  const gate = judges ? gateOf(gates) : undefined;
  const handler = new McpHandler({
    ...options,
    servers,
    streams,
    totals: streams.totals,
    events,
    guard,
    authentication: access.authentication,
    resources: access.resources,
    gate,
    rules,
    audit,
    bodies: http.bodies,
    output: http.output,
    metadata: metadata ?? (() => undefined),
  });
  const connections = http.connections.mcp;
  const { tls } = access;
  const { trustProxy } = options;
  const proxies = trustProxy && new TrustedProxies(trustProxy, () => noteUnencrypted(events));
  const listener = new Listener({ handler, events, connections, host, port, tls: tls.mcp, proxies });
  const embedded = new EmbeddedRequests({ handler, events, connections, proxies });
  const closeMcp = (deadlineMs: number): Promise<unknown> =>
    Promise.all([listener.close(deadlineMs), embedded.close(deadlineMs)]);
  const admin = createAdminServer({
    ...options,
    host: options.adminHost,
    port: options.adminPort,
    tls: tls.admin,
    proxies,
    view,
    newCount: () => new MultiClientCount(),
    scrape: (accept) => metrics.scrape(accept),
    events,
    connections: http.connections.admin,
    output: http.output,
  });
  // Nothing can be awaited when the process exits, but no child process may outlive it.
  const onExit = (): void => {
    servers.killChildrenNow();
    workers.killNow();
    secrets?.killNow();
  };
  process.on('exit', onExit);

  const connected = new Set<StdioSession>();
  let stopping: { readonly sinceMs: number; cutOff: number } | undefined;
  let ending: { readonly ended: Promise<void>; readonly deadline: StopDeadline } | undefined;
  const end = (drainMs: number): Promise<void> => {
    const deadline = new StopDeadline(drainMs + STOP_DEADLINE_MS);
    const run = async (): Promise<void> => {
      const drained = sessions.drain(drainMs, (requests) => {
        if (stopping !== undefined) stopping.cutOff = requests;
      });
      await deadline.within(drained, POOL_DEADLINE_MS + LISTENERS_DEADLINE_MS);
      for (const session of connected) session.close();
      await deadline.within(Promise.all([...connected].map(({ ended }) => ended)), POOL_DEADLINE_MS);
      if (!(await deadline.within(closeMcp(drainMs > 0 ? ANSWERS_DEADLINE_MS : 0), POOL_DEADLINE_MS))) {
        void closeMcp(0);
      }
      await servers.close(deadline);
      await deadline.within(learned.close());
      await workers.close(deadline);
      if (secrets !== undefined) await deadline.within(secrets.close());
      await deadline.within(admin.close());
      access.close();
      quotas?.close();
      audit?.close();
      http.close();
      probe.close();
      metrics.close();
      if (stopping !== undefined) noteStopped(events, performance.now() - stopping.sinceMs, stopping.cutOff);
      await log.close();
      process.off('exit', onExit);
    };
    ending = { ended: run(), deadline };
    return ending.ended;
  };

  let url: URL | undefined;
  let adminUrl: URL | undefined;
  for (const message of options.catalogue.warnings) events.emit('notice', { level: 'warn', message });
  noteDebugger(events, options);
  noteExposure(events, options, { mcp: listen, admin: hasAdmin });
  try {
    await servers.start(options.strict, options.watch);
    if (hasAdmin) adminUrl = urlOf(await admin.listen(), '/', tls.admin !== undefined);
    if (listen) {
      const [first] = servers.all();
      const path = servers.only === undefined ? `/${first?.name ?? ''}/mcp` : '/mcp';
      url = urlOf(await listener.listen(), path, tls.mcp !== undefined);
      access.resources.locate(url);
    }
  } catch (error) {
    await end(0);
    throw error;
  }
  servers.fill();
  workers.endLeftovers();
  noteStart(events, options, { url, adminUrl });
  const stop = (cause: string, drainMs: number): Promise<void> => {
    const { requestsInFlight, size } = sessions;
    noteStop(events, cause, { drainMs, requestsInFlight, sessions: size }, view.sessions());
    stopping = { sinceMs: performance.now(), cutOff: 0 };
    return end(drainMs);
  };

  const named = (name: string | undefined): HostedServer => {
    const server = name === undefined ? servers.only : servers.get(name);
    if (server !== undefined) return server;
    const names = [...servers.all()].map((one) => one.name).join(', ');
    const what =
      name === undefined ? 'Several servers are served' : `There is no server ${JSON.stringify(name)}`;
    throw new BulkheadError('ERR_BULKHEAD_OPTION', `${what}: name one of ${names}.`);
  };

  const connect = (client: ClientStreams, name?: string): ConnectedSession => {
    const server = named(name);
    const { drainTimeoutMs } = options;
    const { totals } = streams;
    const session = new StdioSession({ ...client, server, events, totals, drainTimeoutMs });
    connected.add(session);
    const forget = (): boolean => connected.delete(session);
    session.ended.then(forget, forget);
    return session;
  };

  const gateway: EmbeddedGateway = {
    url,
    adminUrl,
    events,
    connect,
    handler: (request, response) => embedded.handle(request, response),
    metrics: (accept) => metrics.scrape(accept),
    unready: () => view.unready(),
    snapshot: () => view.snapshot(),
    sessions: () => [...view.sessions()],
    servers: () => view.servers(),
    reload: async (name, { sessions: which = 'sleepers', cause = 'api' } = {}) => {
      const request = { cause, sessions: which };
      if (name === undefined) {
        access.reload();
        audit?.reopen();
      }
      return name === undefined ? servers.reload(request) : [await named(name).reload(request)];
    },
    reopenAuditLog: () => audit?.reopen(),
    getMultiClientMetrics: () => multiClientMetrics(view),
    endSession: (sessionId) => view.endSession(sessionId),
    close: (cause = 'close') => ending?.ended ?? stop(cause, options.drainTimeoutMs),
    kill: () => {
      if (ending === undefined) return stop('kill', 0);
      ending.deadline.shorten(HASTENED_DEADLINE_MS);
      return ending.ended;
    },
  };
  return { gateway, sessions };
}

function urlOf({ address, family, port }: AddressInfo, path: string, secure: boolean): URL {
  return new URL(
    `${secure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}${path}`,
  );
}
