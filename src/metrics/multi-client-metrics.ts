import type { SessionTransport } from '../shared/session-context.js';
import { type GatewayView, SESSION_STATES, type SessionState, type ThreadState } from '../snapshot.js';
import { TRANSPORTS } from './labels.js';

/** One session, as `multiClientMetrics` lists it. */
interface ClientSessionMetrics {
  readonly sessionId: string;
  readonly client: { readonly name: string; readonly version: string };
  readonly transport: SessionTransport;
  readonly state: SessionState;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly requestsInFlight: number;
  readonly requestsTotal: number;
  /** `undefined` while the session has no thread. */
  readonly thread: number | undefined;
  readonly threadMemoryBytes: number | undefined;
}

/** How many clients there are and what they do, at one moment. */
export interface MultiClientMetrics {
  readonly sessions: {
    readonly active: number;
    readonly byState: Readonly<Record<SessionState, number>>;
    readonly byTransport: Readonly<Record<SessionTransport, number>>;
    /** By the name that the client gave itself. */
    readonly byClient: Readonly<Record<string, number>>;
  };
  readonly requests: {
    readonly inFlight: number;
    /** Requests that the active sessions have been asked, answered or not. */
    readonly total: number;
    readonly longestRunning:
      | {
          readonly sessionId: string;
          readonly key: string;
          readonly method: string;
          readonly tool: string | undefined;
          readonly ageMs: number;
        }
      | undefined;
  };
  readonly threads: {
    readonly active: number;
    readonly byState: Readonly<Record<ThreadState, number>>;
    readonly memoryBytes: number;
  };
  readonly perSession: readonly ClientSessionMetrics[];
}

/** Session and request metrics over all clients. Takes time in proportion to the number of sessions. */
export function multiClientMetrics(view: GatewayView): MultiClientMetrics {
  const sessions = view.sessions();
  const { threads, threadMemoryBytes } = view.snapshot();

  const byClient = new Map<string, number>();
  let longestRunning: MultiClientMetrics['requests']['longestRunning'];
  for (const { context, requests } of sessions) {
    byClient.set(context.client.name, (byClient.get(context.client.name) ?? 0) + 1);
    for (const { key, method, tool, ageMs } of requests) {
      if (longestRunning !== undefined && longestRunning.ageMs >= ageMs) continue;
      longestRunning = { sessionId: context.sessionId, key, method, tool, ageMs };
    }
  }

  return {
    sessions: {
      active: sessions.length,
      byState: countBy(SESSION_STATES, sessions, (session) => session.state),
      byTransport: countBy(TRANSPORTS, sessions, (session) => session.context.transport),
      byClient: Object.fromEntries(byClient),
    },
    requests: {
      inFlight: sessions.reduce((total, session) => total + session.requests.length, 0),
      total: sessions.reduce((total, session) => total + session.requestsTotal, 0),
      longestRunning,
    },
    threads: {
      active: Object.values(threads).reduce((total, count) => total + count, 0),
      byState: threads,
      memoryBytes: threadMemoryBytes,
    },
    perSession: sessions.map(({ context, state, ageMs, idleMs, requests, requestsTotal, thread }) => ({
      sessionId: context.sessionId,
      client: context.client,
      transport: context.transport,
      state,
      ageMs,
      idleMs,
      requestsInFlight: requests.length,
      requestsTotal,
      thread: thread?.thread,
      threadMemoryBytes: thread?.memoryBytes,
    })),
  };
}

function countBy<Item, Key extends string>(
  keys: readonly Key[],
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): Record<Key, number> {
  const counts = Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
  for (const item of items) counts[keyOf(item)] += 1;
  return counts;
}
