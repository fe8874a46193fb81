/** What a session needs from the object that holds all sessions. */

import type { IntroducedClient, SessionWorker } from '../isolation/worker.js';
import type { AnswerSource } from '../servers/cached-answers.js';
import type { KnownHeaderParams } from '../servers/known-header-params.js';
import type { HandleTools } from '../shared/handle-tools.js';
import type { GatewayEmitter, Isolation } from '../telemetry/events.js';
import type { Announcements } from './announcements.js';
import type { DisconnectOptions } from './disconnect-policy.js';
import type { KeptStart } from './kept-start.js';
import type { ParkedCallOwner, ParkedCalls } from './parked-calls.js';
import type { SessionTotals } from './session-totals.js';
import type { SessionUse } from './session-use.js';

export interface SessionOptions extends DisconnectOptions {
  readonly maxRequestsPerSession: number;
  readonly progressHeartbeatMs: number;
  readonly sleepAfterMs: number;
  /** With affinity `handle`: what the workers of compartments add to the tools of their server. */
  readonly handleTools: HandleTools | undefined;
  readonly startTimeoutMs: number;
}

/** One object for all sessions: with ten thousand sessions, what each of them has counts. */
export interface SharedBySessions {
  readonly options: SessionOptions;
  readonly events: GatewayEmitter;
  readonly totals: SessionTotals;
  /** Who counts what each consumer has; `undefined`: nobody. */
  readonly use: SessionUse | undefined;
  /** What is answered without a worker; `undefined` if each session asks its own. */
  readonly answers: AnswerSource | undefined;
  /** Who is told what servers in the stateless era say that belongs to no request; `undefined`: nobody. */
  readonly announcements: Announcements | undefined;
  /** Which arguments of its server's tools are repeated in headers. */
  readonly headerParams: KnownHeaderParams;
  /** What its server runs in. */
  readonly isolation: Isolation;
  /** Unique in the gateway. */
  newRequestKey(): string;
}

export interface SessionOwner<Session extends ParkedCallOwner> extends SharedBySessions {
  /** Calls whose handlers wait for their clients. */
  readonly parked: ParkedCalls<Session>;
  /**
   * @param session for which the worker is
   * @param client if the session has begun
   */
  acquireWorker(
    session: Session,
    signal: AbortSignal,
    client: IntroducedClient | undefined,
    waitedMs?: number,
  ): Promise<SessionWorker>;
  childrenGone(worker: SessionWorker): Promise<void>;
  /** Characters of messages that no worker has read, over all sessions. */
  unreadChars(): number;
  /** The session has received a worker, or lost it. */
  onWorker(session: Session, held: boolean): void;
  /** A session has a worker with nothing in flight. */
  onIdle(): void;
  /** Whether one more start may go on without its client. */
  readonly keepsStarts: boolean;
  /** The start goes on without its client until it is over. */
  onKept(start: KeptStart): void;
  /** The session answers nothing any more. */
  onEnding(session: Session): void;
  /** Its worker and everything that it started are gone too. */
  onGone(session: Session): void;
}
