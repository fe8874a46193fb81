/** What the gateway looks like right now, as plain data: read by the admin listener, the metrics and the API. */

import type { SessionContext } from '../shared/session-context.js';
import type { ListenerName, StreamKind } from './events.js';

export const SESSION_STATES = ['asleep', 'waking', 'awake', 'falling_asleep', 'ending'] as const;
/**
 * `asleep`: without a thread; `waking`: it waits for a thread, or for the module's `setup` in it; `awake`;
 * `falling_asleep`: the module's `onSleep` runs, or the thread is on its way out; `ending`: nothing is answered any
 * more, but a thread or a child process still has to go.
 */
export type SessionState = (typeof SESSION_STATES)[number];

/** `stuck`: told to terminate, let go by its session, and still there, since a native call holds it. */
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
  /** As the thread last reported; heap and Buffers. */
  readonly memoryBytes: number;
  readonly heapBytes: number;
  /** 0 to 1, over the thread's life. */
  readonly eventLoopUtilization: number;
  readonly childProcesses: number;
  /** Handlers of cancelled requests that have not come to their end. */
  readonly cancelledHandlers: number;
}

export interface SessionSnapshot {
  readonly context: SessionContext;
  readonly state: SessionState;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly requests: readonly RequestSnapshot[];
  readonly requestsTotal: number;
  readonly streams: Readonly<Record<StreamKind, number>>;
  readonly bufferedBytes: number;
  /** `undefined` while the session has no thread. */
  readonly thread: ThreadSnapshot | undefined;
}

type GatewayLimit =
  | 'sessions'
  | 'threads'
  | 'thread_waiters'
  | 'requests_per_session'
  | 'body_bytes'
  | 'event_log_bytes'
  | 'session_state_bytes'
  | 'connections'
  | 'unfinished_body_bytes'
  | 'output_bytes'
  | 'thread_memory_bytes';

export interface GatewaySnapshot {
  readonly startedAtMs: number;
  readonly draining: boolean;
  readonly sessions: Readonly<Record<SessionState, number>>;
  readonly threads: Readonly<Record<ThreadState, number>>;
  readonly threadWaiters: number;
  /** Of the session that has waited longest. */
  readonly threadLongestWaitMs: number;
  /** Spares that are kept at the moment: `spare-threads`, or more while claims come fast. */
  readonly sparesTarget: number;
  readonly requestsInFlight: number;
  readonly connections: Readonly<Record<ListenerName, number>>;
  readonly streams: Readonly<Record<StreamKind, number>>;
  readonly bufferedBytes: number;
  /** Written to connections, and not taken by their clients yet. */
  readonly outputBytes: number;
  readonly unfinishedBodyBytes: number;
  readonly eventLogBytes: number;
  /** What `session.state` holds, with what each entry takes by itself. */
  readonly sessionStateBytes: number;
  readonly childProcesses: number;
  /** Of the probe of libuv's pool that is out; 0 without one. */
  readonly libuvPoolWaitAgeMs: number;
  readonly threadMemoryBytes: number;
  /** No thread is started because the memory of the container is nearly full. */
  readonly memoryNearlyFull: boolean;
  readonly threadHeapBytes: number;
  /** Mean over live threads, 0 to 1. */
  readonly threadEventLoopUtilization: number;
  /** By name, in units that the name tells. */
  readonly limits: Readonly<Record<GatewayLimit, number>>;
}

/** What the admin listener and the metrics are handed by `gateway.ts`. */
export interface GatewayView {
  snapshot(): GatewaySnapshot;
  /** Why the gateway can't take new sessions, or `undefined` when it is ready. */
  unready(): string | undefined;
  /** Each is looked at when it is its turn, and none comes twice. */
  sessions(): Iterable<SessionSnapshot>;
  session(sessionId: string): SessionSnapshot | undefined;
  /** Resolves when the session's thread is gone; `false` when there is no such session. */
  endSession(sessionId: string): Promise<boolean>;
}
