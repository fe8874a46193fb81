/**
 * Who counts what each consumer has of the gateway, and says when that is enough: one object for all sessions of all
 * servers. Sessions report each change, so that nothing is counted by going through them.
 */
import type { SessionWorker } from '../isolation/worker.js';
import type { Rejection } from '../protocol/rejection.js';
import type { Consumer } from '../shared/consumer.js';
import type { SessionContext } from '../shared/session-context.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { SleepReason } from '../telemetry/events.js';
import type { SessionState } from '../telemetry/snapshot.js';
import type { EvictionCandidate } from './session-eviction.js';

export type QuotaRejection = Rejection<'quota_exceeded'>;

/** A session, as whoever counts it sees it. */
export interface CountedSession extends EvictionCandidate {
  readonly context: SessionContext;
  readonly state: SessionState;
  /** How long its worker has had nothing to do; `undefined` if it has none that could be taken away. */
  readonly idleThreadMs: number | undefined;
  sleep(reason: SleepReason): void;
  end(reason: EndReason): Promise<void>;
}

export interface SessionUse {
  /**
   * Whether a compartment for single requests serves one address alone. Otherwise nobody could say whose use its is, if its
   * callers have not said who they are.
   */
  readonly byAddress: true;
  /** Why this consumer may open no session, or `undefined`. Must be asked in the same tick as `makeRoom`. */
  openingRejection(consumer: Consumer): QuotaRejection | undefined;
  /** Ends the session that `openingRejection` found, if this consumer has no room for another one. */
  makeRoom(consumer: Consumer): void;
  onOpened(session: CountedSession): void;
  /** It answers nothing any more. */
  onEnded(session: CountedSession): void;
  /** Why this consumer may have no further request in flight, or `undefined`. */
  requestRejection(consumer: Consumer): QuotaRejection | undefined;
  onRequest(consumer: Consumer): void;
  /** It has been answered. */
  onRequestOver(consumer: Consumer): void;
  /**
   * A worker for a session, if its consumer may have one more.
   * @param acquire asks the pool for it
   * @throws {BulkheadError} `ERR_BULKHEAD_QUOTA`; and what `acquire` throws
   */
  acquire(session: CountedSession, acquire: () => Promise<SessionWorker>): Promise<SessionWorker>;
  /** Whether this consumer has as many workers as it may have. */
  isFull(consumer: Consumer): boolean;
  /** A session's worker has died, or was killed, while it ran these tools. */
  onToolsLost(context: SessionContext, tools: readonly string[]): void;
}
