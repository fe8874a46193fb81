/** The composition root: the only file that creates the concrete classes and connects them. */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminServer } from './admin/admin-server.js';
import type { ResolvedOptions } from './config/options.js';
import { StreamDelivery } from './delivery/stream-delivery.js';
import { LibuvPoolProbe } from './isolation/libuv-pool-probe.js';
import { createThreadPool, type ThreadPool, type ThreadPoolOptions } from './isolation/thread/thread-pool.js';
import { MAX_WAITERS } from './isolation/waiting-line.js';
import { checkServerModule } from './servers/server-module-check.js';
import { SessionManager } from './session/session-manager.js';
import { StopDeadline } from './shared/stop-deadline.js';
import { GatewayEmitter } from './telemetry/events.js';
import { noteStart, noteStop } from './telemetry/log/lifecycle-notices.js';
import { createLog } from './telemetry/log/log.js';
import {
  MultiClientCount,
  type MultiClientMetrics,
  multiClientMetrics,
} from './telemetry/metrics/multi-client-metrics.js';
import { createMetrics } from './telemetry/metrics/recorder.js';
import type { GatewaySnapshot, GatewayView, SessionSnapshot } from './telemetry/snapshot.js';
import { HttpResources } from './transports/http/http-resources.js';
import { Listener, MCP_PATH } from './transports/http/listener.js';
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
/** The same if the stop is cut short. */
const HASTENED_DEADLINE_MS = 500;

/** Options that only a program can give. */
export interface GatewayExtras {
  /** Adds data to each session's context. Called with the request that opens it; must return plain data. */
  readonly metadata?: ((request: IncomingMessage) => Readonly<Record<string, unknown>>) | undefined;
}

/** A running gateway. */
export interface Gateway {
  /** The Streamable HTTP endpoint; the older HTTP+SSE transport is at `/sse` on the same host and port. */
  readonly url: URL;
  /** The admin listener's root: `/metrics`, `/healthz`, `/readyz`, `/sessions` are below it. */
  readonly adminUrl: URL;
  /** Events of the gateway; `GatewayEvents` lists them. */
  readonly events: GatewayEmitter;
  snapshot(): GatewaySnapshot;
  sessions(): SessionSnapshot[];
  /** Totals of sessions and requests over all clients. */
  getMultiClientMetrics(): MultiClientMetrics;
  /** Ends one session. Resolves when nothing of it is left; `false` if there is none with this id. */
  endSession(sessionId: string): Promise<boolean>;
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
 * Starts a gateway. When it resolves, both listeners are open.
 * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` or `ERR_BULKHEAD_LISTEN`; nothing is left running then
 */
export async function startGateway(options: ResolvedOptions, extras: GatewayExtras = {}): Promise<Gateway> {
  // The option says whether to bundle; the pool's own `bundle` is the bundle itself.
  const { bundle: bundling, ...others } = options;
  const poolOptions: ThreadPoolOptions = {
    ...others,
    environment: { roots: options.roots, allowPrivateNetwork: options.allowPrivateNetwork },
  };
  const checked = await checkServerModule(poolOptions, bundling);
  const { tools, staticLists, bundle, codeCaches } = checked;

  const events = new GatewayEmitter();
  const log = createLog({ events, level: options.logLevel, format: options.logFormat });
  const pool = createThreadPool({ ...poolOptions, bundle, codeCaches }, events);
  if (checked.notBundledBecause !== undefined) {
    events.emit('notice', {
      level: 'info',
      message: `the server module is imported file by file, so threads start more slowly: ${checked.notBundledBecause}`,
    });
  }
  const sessions = new SessionManager(options, events, pool, staticLists);
  const streams = new StreamDelivery(options, events);
  const http = new HttpResources({ events, maxBodyBytes: options.maxBodyBytes });
  const probe = new LibuvPoolProbe(events);
  const view = createView(options, sessions, streams, pool, http, probe);
  const metrics = createMetrics({ events, view, knownTools: () => tools, version: VERSION });
  const listener = new Listener({
    ...options,
    sessions,
    streams,
    events,
    connections: http.connections.mcp,
    bodies: http.bodies,
    output: http.output,
    metadata: extras.metadata ?? (() => undefined),
  });
  const admin = createAdminServer({
    ...options,
    host: options.adminHost,
    port: options.adminPort,
    view,
    newCount: () => new MultiClientCount(),
    scrape: (accept) => metrics.scrape(accept),
    events,
    connections: http.connections.admin,
    output: http.output,
  });
  // When the process exits nothing can be awaited, but no child process may outlive it.
  const onExit = (): void => pool.killChildrenNow();
  process.on('exit', onExit);

  let ending: { readonly ended: Promise<void>; readonly deadline: StopDeadline } | undefined;
  const end = (drainMs: number): Promise<void> => {
    const deadline = new StopDeadline(drainMs + STOP_DEADLINE_MS);
    const run = async (): Promise<void> => {
      await deadline.within(sessions.drain(drainMs), POOL_DEADLINE_MS + LISTENERS_DEADLINE_MS);
      if (!(await deadline.within(drainMs > 0 ? listener.close() : listener.kill(), POOL_DEADLINE_MS))) {
        void listener.kill();
      }
      await pool.close(deadline);
      await deadline.within(admin.close());
      http.close();
      probe.close();
      metrics.close();
      await log.close();
      process.off('exit', onExit);
    };
    ending = { ended: run(), deadline };
    return ending.ended;
  };

  let address: AddressInfo;
  let adminAddress: AddressInfo;
  try {
    adminAddress = await admin.listen();
    address = await listener.listen();
  } catch (error) {
    await end(0);
    throw error;
  }
  pool.fill();

  const urls = { url: urlOf(address, MCP_PATH), adminUrl: urlOf(adminAddress, '/') };
  noteStart(events, options, urls);
  const stop = (cause: string, drainMs: number): Promise<void> => {
    noteStop(events, cause, {
      drainMs,
      requestsInFlight: sessions.requestsInFlight,
      sessions: sessions.size,
    });
    return end(drainMs);
  };

  return {
    ...urls,
    events,
    snapshot: () => view.snapshot(),
    sessions: () => [...view.sessions()],
    getMultiClientMetrics: () => multiClientMetrics(view),
    endSession: (sessionId) => view.endSession(sessionId),
    close: (cause = 'close') => ending?.ended ?? stop(cause, options.drainTimeoutMs),
    kill: () => {
      if (ending === undefined) return stop('kill', 0);
      ending.deadline.shorten(HASTENED_DEADLINE_MS);
      return ending.ended;
    },
  };
}

function createView(
  options: ResolvedOptions,
  sessions: SessionManager,
  streams: StreamDelivery,
  pool: ThreadPool,
  http: HttpResources,
  probe: LibuvPoolProbe,
): GatewayView {
  const startedAtMs = Date.now();
  return {
    snapshot() {
      const threads = [...pool.workers()].map((thread) => thread.snapshot());
      const sum = (pick: (thread: (typeof threads)[number]) => number): number =>
        threads.reduce((total, thread) => total + pick(thread), 0);
      return {
        startedAtMs,
        draining: sessions.draining,
        sessions: sessions.states(),
        threads: pool.states(),
        threadWaiters: pool.waiters,
        threadLongestWaitMs: pool.longestWaitMs,
        memoryNearlyFull: pool.memoryNearlyFull,
        sparesTarget: pool.sparesTarget,
        requestsInFlight: sessions.requestsInFlight,
        connections: { mcp: http.connections.mcp.count, admin: http.connections.admin.count },
        streams: { ...streams.totals.streams },
        bufferedBytes: streams.totals.bufferedChars * 2,
        outputBytes: http.output.usedBytes,
        unfinishedBodyBytes: http.bodies.usedBytes,
        eventLogBytes: streams.eventLogBudget.usedBytes,
        sessionStateBytes: sessions.totals.state.usedBytes,
        childProcesses: pool.childProcesses,
        libuvPoolWaitAgeMs: probe.waitAgeMs,
        threadMemoryBytes: sum(({ memoryBytes }) => memoryBytes),
        threadHeapBytes: sum(({ heapBytes }) => heapBytes),
        threadEventLoopUtilization:
          threads.length === 0 ? 0 : sum(({ eventLoopUtilization }) => eventLoopUtilization) / threads.length,
        limits: {
          sessions: options.maxSessions,
          threads: options.maxThreads,
          thread_waiters: MAX_WAITERS,
          requests_per_session: options.maxRequestsPerSession,
          body_bytes: options.maxBodyBytes,
          event_log_bytes: streams.eventLogBudget.limitBytes,
          session_state_bytes: sessions.totals.state.limitBytes,
          connections: http.connections.mcp.limit,
          unfinished_body_bytes: http.bodies.limitBytes,
          output_bytes: http.output.limitBytes,
          thread_memory_bytes: options.threadMemoryMb * 1024 * 1024,
        },
      };
    },
    unready: () => sessions.rejection()?.message ?? http.unready() ?? pool.exhausted,
    *sessions() {
      for (const session of sessions.each()) yield session.snapshot();
    },
    session: (sessionId) => sessions.get(sessionId)?.snapshot(),
    endSession: (sessionId) => sessions.end(sessionId, 'admin'),
  };
}

function urlOf({ address, family, port }: AddressInfo, path: string): URL {
  return new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}${path}`);
}
