import type { SessionContext } from '../../../src/shared/session-context.js';
import { NOBODY } from '../../../src/shared/session-context.js';
import type { ClaimKind, RequestFacts, StreamKind, ThreadExitCause } from '../../../src/telemetry/events.js';
import type {
  GatewaySnapshot,
  GatewayView,
  ServerSnapshot,
  SessionSnapshot,
} from '../../../src/telemetry/snapshot.js';

export function contextOf(overrides: Partial<SessionContext> = {}): SessionContext {
  return {
    sessionId: 'session-1',
    server: 'env',
    era: 'session',
    affinity: 'session',
    transport: 'streamable-http',
    client: { name: 'claude-code', version: '2.1.330' },
    protocolVersion: '2025-11-25',
    userAgent: 'claude-code/2.1.330',
    remoteAddress: '127.0.0.1',
    principal: 'anonymous',
    identity: NOBODY,
    startedAtMs: 1_700_000_000_000,
    metadata: {},
    ...overrides,
  };
}

export function requestOf(overrides: Partial<RequestFacts> = {}): RequestFacts {
  return { context: contextOf(), key: 'request-1', method: 'tools/call', tool: 'echo', ...overrides };
}

export function finished(
  overrides: Partial<RequestFacts> & {
    failure?: string;
    reason?: string;
    durationMs?: number;
    message?: string;
  } = {},
) {
  const { failure, reason, durationMs = 1, message, ...facts } = overrides;
  return { ...requestOf(facts), failure, reason, durationMs, message };
}

export function exited(thread: number, overrides: { cause?: ThreadExitCause; killMs?: number } = {}) {
  return {
    thread,
    isolation: 'thread' as const,
    cause: overrides.cause ?? ('ended' as const),
    message: undefined,
    killMs: overrides.killMs,
    context: undefined,
    requestsLost: 0,
  };
}

export function claimed(thread: number, kind: ClaimKind, waitMs: number) {
  return { thread, kind, waitMs };
}

const NO_STREAMS: Readonly<Record<StreamKind, number>> = { post: 0, get: 0, legacy: 0, listen: 0 };

function snapshotOf(overrides: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return {
    startedAtMs: 1_700_000_000_000,
    draining: false,
    sessions: { asleep: 4, waking: 1, awake: 2, falling_asleep: 0, ending: 3 },
    threads: { starting: 1, spare: 2, claimed: 4, ending: 0, terminating: 0, stuck: 0 },
    processes: { starting: 0, spare: 1, claimed: 3, ending: 0, terminating: 0, stuck: 0 },
    servers: { starting: 0, served: 2, broken: 1 },
    outdatedWorkers: 0,
    threadWaiters: 5,
    memoryNearlyFull: false,
    threadLongestWaitMs: 1_500,
    sparesTarget: 2,
    requestsInFlight: 6,
    parkedCalls: 19,
    sessionsKept: 20,
    connections: { mcp: 13, admin: 14 },
    streams: { ...NO_STREAMS, get: 7 },
    bufferedBytes: 8,
    outputBytes: 15,
    unfinishedBodyBytes: 16,
    eventLogBytes: 9,
    sessionStateBytes: 17,
    childProcesses: 10,
    libuvPoolWaitAgeMs: 2_500,
    threadMemoryBytes: 11,
    threadHeapBytes: 12,
    processMemoryBytes: 18,
    threadEventLoopUtilization: 0.5,
    limits: {
      sessions: 10_000,
      threads: 100,
      processes: 50,
      thread_waiters: 1_000,
      requests_per_session: 64,
      parked_calls: 1_024,
      parked_calls_per_principal: 64,
      body_bytes: 4_194_304,
      event_log_bytes: 268_435_456,
      subscriptions: 1_024,
      subscriptions_per_principal: 16,
      session_state_bytes: 268_435_456,
      connections: 9_000,
      unfinished_body_bytes: 67_108_864,
      output_bytes: 134_217_728,
      thread_memory_bytes: 536_870_912,
      process_memory_bytes: 1_073_741_824,
    },
    ...overrides,
  };
}

export function sessionOf(overrides: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return {
    context: contextOf(),
    state: 'awake',
    ageMs: 1000,
    idleMs: 10,
    requests: [],
    requestsTotal: 3,
    streams: NO_STREAMS,
    bufferedBytes: 0,
    thread: undefined,
    ...overrides,
  };
}

/** A gateway that consists only of its view; `endSession` removes from `sessions`. */
export class FakeView implements GatewayView {
  current = snapshotOf();
  list: SessionSnapshot[] = [];
  hosted: ServerSnapshot[] = [];
  unreadyReason: string | undefined;

  snapshot(): GatewaySnapshot {
    return this.current;
  }

  unready(): string | undefined {
    return this.unreadyReason;
  }

  session(sessionId: string): SessionSnapshot | undefined {
    return this.list.find(({ context }) => context.sessionId === sessionId);
  }

  servers(): readonly ServerSnapshot[] {
    return this.hosted;
  }

  sessions(): Iterable<SessionSnapshot> {
    return this.list;
  }

  reload(_server: string, _sessions: string): Promise<ServerSnapshot> | undefined {
    return undefined;
  }

  async endSession(sessionId: string): Promise<boolean> {
    const before = this.list.length;
    this.list = this.list.filter(({ context }) => context.sessionId !== sessionId);
    return this.list.length < before;
  }
}

/** The samples of a text in the Prometheus format, by their line without the value. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Numbers between 0 and 1 that are the same in each run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
