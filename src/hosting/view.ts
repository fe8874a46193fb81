/** The state of the gateway at one moment, for the admin listener, the metrics and the API. */
import type { ResolvedOptions } from '../config/options.js';
import type { StreamDelivery } from '../delivery/stream-delivery.js';
import { MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_OF_PRINCIPAL } from '../delivery/subscriptions.js';
import type { LibuvPoolProbe } from '../isolation/libuv-pool-probe.js';
import { MAX_WAITERS } from '../isolation/waiting-line.js';
import type { AllSessions } from '../session/all-sessions.js';
import { MAX_PARKED, MAX_PARKED_OF_ONE_PRINCIPAL } from '../session/parked-calls.js';
import { type GatewayView, THREAD_STATES } from '../telemetry/snapshot.js';
import type { HttpResources } from '../transports/http/http-resources.js';
import type { HostedServers } from './hosted-servers.js';
import type { HostedWorkers } from './hosted-workers.js';

const SERVER_STATES = ['starting', 'served', 'broken'] as const;
const MEBIBYTE = 1024 * 1024;

export interface ViewedParts {
  readonly options: ResolvedOptions;
  readonly sessions: AllSessions;
  readonly servers: HostedServers;
  readonly workers: HostedWorkers;
  readonly streams: StreamDelivery;
  readonly http: HttpResources;
  readonly probe: LibuvPoolProbe;
}

export function createView(parts: ViewedParts): GatewayView {
  const { options, sessions, servers, workers, streams, http, probe } = parts;
  const startedAtMs = Date.now();
  return {
    snapshot() {
      const pools = [...servers.pools()];
      const ofThreads = pools.filter(({ isolation }) => isolation === 'thread');
      const ofProcesses = pools.filter(({ isolation }) => isolation === 'process');
      const threads = ofThreads.flatMap((pool) => [...pool.workers()].map((thread) => thread.snapshot()));
      const processes = ofProcesses.flatMap((pool) => [...pool.workers()].map((worker) => worker.snapshot()));
      return {
        startedAtMs,
        draining: sessions.draining,
        sessions: sessions.states(),
        threads: added(
          THREAD_STATES,
          ofThreads.map((pool) => pool.states()),
        ),
        processes: added(
          THREAD_STATES,
          ofProcesses.map((pool) => pool.states()),
        ),
        outdatedWorkers: sum(pools, ({ outdated }) => outdated),
        threadWaiters: sum(pools, ({ waiters }) => waiters),
        threadLongestWaitMs: Math.max(0, ...pools.map(({ longestWaitMs }) => longestWaitMs)),
        memoryNearlyFull: pools.some(({ memoryNearlyFull }) => memoryNearlyFull),
        sparesTarget: sum(pools, ({ sparesTarget }) => sparesTarget),
        requestsInFlight: sessions.requestsInFlight,
        parkedCalls: sessions.parked.size,
        sessionsKept: sessions.totals.kept,
        connections: { mcp: http.connections.mcp.count, admin: http.connections.admin.count },
        streams: { ...streams.totals.streams },
        bufferedBytes: streams.totals.bufferedChars * 2,
        outputBytes: http.output.usedBytes,
        unfinishedBodyBytes: http.bodies.usedBytes,
        eventLogBytes: streams.eventLogBudget.usedBytes,
        sessionStateBytes: sessions.totals.state.usedBytes,
        childProcesses: sum(ofThreads, ({ childProcesses }) => childProcesses),
        libuvPoolWaitAgeMs: probe.waitAgeMs,
        threadMemoryBytes: sum(threads, ({ memoryBytes }) => memoryBytes),
        threadHeapBytes: sum(threads, ({ heapBytes }) => heapBytes),
        processMemoryBytes: sum(processes, ({ memoryBytes }) => memoryBytes),
        threadEventLoopUtilization:
          threads.length === 0
            ? 0
            : sum(threads, ({ eventLoopUtilization }) => eventLoopUtilization) / threads.length,
        servers: added(
          SERVER_STATES,
          [...servers.all()].map(({ state }) => ({ [state]: 1 })),
        ),
        limits: {
          sessions: options.maxSessions,
          threads: options.maxThreads,
          processes: workers.processes.limit,
          thread_waiters: MAX_WAITERS,
          requests_per_session: options.maxRequestsPerSession,
          subscriptions: MAX_SUBSCRIPTIONS,
          subscriptions_per_principal: MAX_SUBSCRIPTIONS_OF_PRINCIPAL,
          parked_calls: MAX_PARKED,
          parked_calls_per_principal: MAX_PARKED_OF_ONE_PRINCIPAL,
          body_bytes: options.maxBodyBytes,
          event_log_bytes: streams.eventLogBudget.limitBytes,
          session_state_bytes: sessions.totals.state.limitBytes,
          connections: http.connections.mcp.limit,
          unfinished_body_bytes: http.bodies.limitBytes,
          output_bytes: http.output.limitBytes,
          thread_memory_bytes: options.threadMemoryMb * MEBIBYTE,
          process_memory_bytes: options.processMemoryMb * MEBIBYTE,
        },
      };
    },
    unready: () => sessions.rejection()?.message ?? http.unready() ?? servers.unready() ?? exhausted(servers),
    *sessions() {
      for (const session of sessions.each()) yield session.snapshot();
    },
    session: (sessionId) => sessions.get(sessionId)?.snapshot(),
    endSession: (sessionId) => sessions.end(sessionId, 'admin'),
    servers: () => [...servers.all()].map((server) => server.snapshot()),
    reload: (name, kept) => servers.get(name)?.reload({ cause: 'admin', sessions: kept }),
  };
}

function exhausted(servers: HostedServers): string | undefined {
  for (const pool of servers.pools()) if (pool.exhausted !== undefined) return pool.exhausted;
  return undefined;
}

function sum<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}

/** The sum for each key. */
function added<Key extends string>(
  keys: readonly Key[],
  counts: readonly Readonly<Partial<Record<Key, number>>>[],
): Record<Key, number> {
  const totals = keys.map((key) => [key, sum(counts, (count) => count[key] ?? 0)]);
  return Object.fromEntries(totals) as Record<Key, number>;
}
