/** What a session is made with. */
import type { GatewayEmitter } from '../events.js';
import type { SessionContext } from '../shared/session-context.js';
import type { StaticLists } from '../threads/server-module-check.js';
import type { SessionThread } from '../threads/session-thread.js';
import type { DisconnectOptions } from './disconnect-policy.js';
import type { EventLogBudget } from './event-log.js';

export interface SessionOptions extends DisconnectOptions {
  readonly maxRequestsPerSession: number;
  readonly sseAfterMs: number;
  readonly progressHeartbeatMs: number;
  readonly sleepAfterMs: number;
}

export interface SessionParts {
  readonly context: SessionContext;
  readonly options: SessionOptions;
  readonly events: GatewayEmitter;
  readonly eventLogBudget: EventLogBudget;
  readonly acquireThread: (signal: AbortSignal) => Promise<SessionThread>;
  readonly childrenGone: (thread: SessionThread) => Promise<void>;
  readonly newRequestKey: () => string;
  /** What is answered without a thread, where the server module allows it. */
  readonly staticLists: StaticLists | undefined;
  /** It has got a thread, or lost it. */
  readonly onThread: (held: boolean) => void;
  /** It has a thread and nothing in flight in it. */
  readonly onIdle: () => void;
  /** The session answers nothing any more. */
  readonly onEnding: () => void;
  /** Its thread and everything that it started are gone too. */
  readonly onGone: () => void;
}
