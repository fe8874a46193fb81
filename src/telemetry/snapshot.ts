/** The state of the gateway at one moment, as plain data, for the admin listener, the metrics and the API. */

import type { SessionContext } from '../shared/session-context.js';
import type { ServerInfo } from '../shared/stateless.js';
import type { ListenerName, SessionStreamKind, StreamKind } from './events.js';

export const SESSION_STATES = ['asleep', 'waking', 'awake', 'falling_asleep', 'ending'] as const;
/**
 * `asleep`: without a thread. `waking`: waits for a thread, or for the module's `setup` in it. `awake`.
 * `falling_asleep`: the module's `onSleep` runs, or the thread is ending. `ending`: answers nothing any more, but still
 * has a thread or a child process.
 */
export type SessionState = (typeof SESSION_STATES)[number];

/** `stuck`: told to terminate and let go by its session, but still there because a native call blocks it. */
export const THREAD_STATES = ['starting', 'spare', 'claimed', 'ending', 'terminating', 'stuck'] as const;
export type ThreadState = (typeof THREAD_STATES)[number];

export interface RequestSnapshot {
  readonly key: string;
  readonly method: string;
  readonly tool: string | undefined;
  readonly ageMs: number;
}

export interface ThreadSnapshot {
  readonly thread: number;
  readonly state: ThreadState;
  readonly ageMs: number;
  /** Heap and Buffers, as the thread last reported. */
  readonly memoryBytes: number;
  readonly heapBytes: number;
  /** 0 to 1, over the thread's life. */
  readonly eventLoopUtilization: number;
  readonly childProcesses: number;
  /** Handlers of cancelled requests that have not settled. */
  readonly cancelledHandlers: number;
}

export interface SessionSnapshot {
  readonly context: SessionContext;
  readonly state: SessionState;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly requests: readonly RequestSnapshot[];
  readonly requestsTotal: number;
  readonly streams: Readonly<Record<SessionStreamKind, number>>;
  readonly bufferedBytes: number;
  /** `undefined` while the session has no thread. */
  readonly thread: ThreadSnapshot | undefined;
}

/** A server of the catalogue. */
export interface ServerSnapshot {
  readonly name: string;
  readonly kind: 'module' | 'script' | 'command' | 'unknown';
  /** `undefined` where its entry does not tell. */
  readonly isolation: 'thread' | 'process' | undefined;
  readonly state: ServerState;
  readonly sessions: number;
  /** Counts up with each reload: 1 is the version with which the gateway started, 0 that none has been served. */
  readonly version: number;
  /** When that version was loaded, in milliseconds since the epoch; `undefined` if none was. */
  readonly loadedAtMs: number | undefined;
  /** What that version calls itself; `undefined` for a program, which is asked when a session needs it. */
  readonly serverInfo: ServerInfo | undefined;
  /** Threads or processes that still run an earlier version. */
  readonly outdatedWorkers: number;
  /** Why it is not served. */
  readonly reason: string | undefined;
}

/** `broken`: it is tried again from time to time, where that can help. */
type ServerState = 'starting' | 'served' | 'broken';

type GatewayLimit =
  | 'sessions'
  | 'threads'
  | 'processes'
  | 'thread_waiters'
  | 'requests_per_session'
  | 'subscriptions'
  | 'subscriptions_per_principal'
  | 'parked_calls'
  | 'parked_calls_per_principal'
  | 'body_bytes'
  | 'event_log_bytes'
  | 'session_state_bytes'
  | 'connections'
  | 'unfinished_body_bytes'
  | 'output_bytes'
  | 'thread_memory_bytes'
  | 'process_memory_bytes';

export interface GatewaySnapshot {
  readonly startedAtMs: number;
  readonly draining: boolean;
  readonly sessions: Readonly<Record<SessionState, number>>;
  readonly threads: Readonly<Record<ThreadState, number>>;
  /** Of sessions whose servers run in processes. */
  readonly processes: Readonly<Record<ThreadState, number>>;
  /** Servers of the catalogue. */
  readonly servers: Readonly<Record<ServerState, number>>;
  /** Threads and processes that run an earlier version of their server. */
  readonly outdatedWorkers: number;
  readonly threadWaiters: number;
  /** Wait of the session that has waited longest. */
  readonly threadLongestWaitMs: number;
  /**
   * Number of spares that should exist at the moment: `spare-threads`, or more while sessions claim threads quickly.
   */
  readonly sparesTarget: number;
  readonly requestsInFlight: number;
  /** Whose handlers wait for their clients to continue them; not in flight. */
  readonly parkedCalls: number;
  /** Sessions whose workers stay because somebody listens to their resources. */
  readonly sessionsKept: number;
  readonly connections: Readonly<Record<ListenerName, number>>;
  readonly streams: Readonly<Record<StreamKind, number>>;
  readonly bufferedBytes: number;
  /** Written to connections and not yet received by their clients. */
  readonly outputBytes: number;
  readonly unfinishedBodyBytes: number;
  readonly eventLogBytes: number;
  /** Size of all `session.state`, including the fixed size of each entry. */
  readonly sessionStateBytes: number;
  readonly childProcesses: number;
  /** Wait of the current probe of libuv's pool; 0 without one. */
  readonly libuvPoolWaitAgeMs: number;
  readonly threadMemoryBytes: number;
  /** No thread is started because the memory of the container is nearly full. */
  readonly memoryNearlyFull: boolean;
  readonly threadHeapBytes: number;
  /** Resident memory of sessions' processes and their descendants. */
  readonly processMemoryBytes: number;
  /** Mean over live threads, 0 to 1. */
  readonly threadEventLoopUtilization: number;
  /** By name; the name contains the unit. */
  readonly limits: Readonly<Record<GatewayLimit, number>>;
}

/** What `gateway.ts` gives to the admin listener and the metrics. */
export interface GatewayView {
  snapshot(): GatewaySnapshot;
  /** Why the gateway cannot take new sessions; `undefined` if it can. */
  unready(): string | undefined;
  /** Each session is read when it is its turn, and none comes twice. */
  sessions(): Iterable<SessionSnapshot>;
  session(sessionId: string): SessionSnapshot | undefined;
  /** Resolves when the session's thread is gone; `false` if there is no such session. */
  endSession(sessionId: string): Promise<boolean>;
  servers(): readonly ServerSnapshot[];
  /**
   * Reads the code of a server again.
   * @param sessions which sessions leave their workers for the new version: all, or only those whose server may sleep
   * @returns `undefined` if there is no server of this name
   * @throws {BulkheadError} see `HostedServer.reload`
   */
  reload(server: string, sessions: 'all' | 'sleepers'): Promise<ServerSnapshot> | undefined;
}
