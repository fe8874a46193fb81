/** What a session needs of whoever holds all of them. */

import type { EventLogBudget } from '../delivery/event-log-budget.js';
import type { SessionWorker } from '../isolation/worker.js';
import type { StaticLists } from '../servers/server-module-check.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { DisconnectOptions } from './disconnect-policy.js';
import type { SessionTotals } from './session-totals.js';

export interface SessionOptions extends DisconnectOptions {
  readonly maxRequestsPerSession: number;
  readonly sseAfterMs: number;
  readonly progressHeartbeatMs: number;
  readonly sleepAfterMs: number;
}

/** One for all sessions: what is made for each of ten thousand counts. */
export interface SessionOwner<Session> {
  readonly options: SessionOptions;
  readonly events: GatewayEmitter;
  readonly eventLogBudget: EventLogBudget;
  /** `known`: the session has been served before. */
  readonly acquireWorker: (signal: AbortSignal, known: boolean) => Promise<SessionWorker>;
  readonly childrenGone: (worker: SessionWorker) => Promise<void>;
  readonly totals: SessionTotals;
  readonly newRequestKey: () => string;
  /** Characters of messages that no worker has read, of all sessions together. */
  readonly unreadChars: () => number;
  /** What is answered without a worker, where the server module allows it. */
  readonly staticLists: StaticLists | undefined;
  /** It has got a worker, or lost it. */
  readonly onWorker: (session: Session, held: boolean) => void;
  /** A session has a worker and nothing in flight in it. */
  readonly onIdle: () => void;
  /** The session answers nothing any more. */
  readonly onEnding: (session: Session) => void;
  /** Its worker and everything that it started are gone too. */
  readonly onGone: (session: Session) => void;
}
