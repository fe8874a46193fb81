import type { SessionTransport } from '../../shared/session-context.js';
import {
  type GatewaySnapshot,
  type GatewayView,
  SESSION_STATES,
  type SessionSnapshot,
  type SessionState,
  type ThreadState,
} from '../snapshot.js';
import { TRANSPORTS } from './labels.js';

/** One session in the list of `multiClientMetrics`. */
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
    /** By the name that the client gives in `initialize`. */
    readonly byClient: Readonly<Record<string, number>>;
  };
  readonly requests: {
    readonly inFlight: number;
    /** Requests that the active sessions have received, answered or not. */
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

/** Session and request metrics over all clients. The time is proportional to the number of sessions. */
export function multiClientMetrics(view: GatewayView): MultiClientMetrics {
  const count = new MultiClientCount();
  for (const session of view.sessions()) count.add(session);
  return count.metrics(view.snapshot());
}

/** Adds sessions one at a time, so that a caller with very many can divide the work. */
export class MultiClientCount {
  readonly #byState = zeros(SESSION_STATES);
  readonly #byTransport = zeros(TRANSPORTS);
  readonly #byClient = new Map<string, number>();
  readonly #perSession: ClientSessionMetrics[] = [];
  #inFlight = 0;
  #total = 0;
  #longestRunning: MultiClientMetrics['requests']['longestRunning'];

  add({ context, state, ageMs, idleMs, requests, requestsTotal, thread }: SessionSnapshot): void {
    const { sessionId, client, transport } = context;
    this.#byState[state] += 1;
    this.#byTransport[transport] += 1;
    this.#byClient.set(client.name, (this.#byClient.get(client.name) ?? 0) + 1);
    this.#inFlight += requests.length;
    this.#total += requestsTotal;
    for (const request of requests) {
      if (this.#longestRunning !== undefined && this.#longestRunning.ageMs >= request.ageMs) continue;
      const { key, method, tool, ageMs: runsForMs } = request;
      this.#longestRunning = { sessionId, key, method, tool, ageMs: runsForMs };
    }
    this.#perSession.push({
      sessionId,
      client,
      transport,
      state,
      ageMs,
      idleMs,
      requestsInFlight: requests.length,
      requestsTotal,
      thread: thread?.thread,
      threadMemoryBytes: thread?.memoryBytes,
    });
  }

  /** The metrics of what was added so far. */
  metrics({ threads, threadMemoryBytes }: GatewaySnapshot): MultiClientMetrics {
    return {
      sessions: {
        active: this.#perSession.length,
        byState: this.#byState,
        byTransport: this.#byTransport,
        byClient: Object.fromEntries(this.#byClient),
      },
      requests: { inFlight: this.#inFlight, total: this.#total, longestRunning: this.#longestRunning },
      threads: {
        active: Object.values(threads).reduce((total, count) => total + count, 0),
        byState: threads,
        memoryBytes: threadMemoryBytes,
      },
      perSession: this.#perSession,
    };
  }
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
