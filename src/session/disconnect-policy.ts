/**
 * What a closed connection means. The whole policy is here, as functions of plain facts; `session.ts` carries it
 * out. docs/adr/0003-disconnect-policy.md tells why.
 *
 * | what happens                                                   | what follows                                   |
 * | -------------------------------------------------------------- | ---------------------------------------------- |
 * | the client ends it                                             | the session ends at once                       |
 * | the only stream that its client has closes for good            | the same                                       |
 * | a stream closes before its response, not resumable             | its requests are cancelled at once             |
 * | the same, resumable: the client holds an event id of it        | they go on for `resume-grace`, then cancelled  |
 * | the server closed the stream on purpose (SEP-1699)             | the same, after the pause that it was told     |
 * | the client sends `notifications/cancelled`                     | that request is cancelled at once              |
 * | a client that has listened has no connection left              | after `disconnect-grace` its session ends      |
 * | a client that never listened has none                          | its session ends by `session-idle`             |
 * | it was initialized and then never used at all                  | it ends after 2 minutes                        |
 * | a new session needs room at `max-sessions`                     | one without connection and work ends           |
 * | a write fails, the socket errors, a reader stalls for too long | as if closed                                   |
 */
import type { StreamLoss } from '../delivery/outbox.js';
import type { EndReason } from '../telemetry/end-reason.js';

export interface DisconnectOptions {
  readonly disconnectGraceMs: number;
  readonly resumeGraceMs: number;
  readonly sessionIdleMs: number;
  readonly sessionMaxAgeMs: number | undefined;
}

/** How long a session lives that is never used; less where `session-idle` is short: a fifteenth of it. */
const UNUSED_MS = 2 * 60_000;
const UNUSED_FRACTION = 15;

/** How long the requests of a lost stream may go on, in milliseconds; 0: they are cancelled at once. */
export function graceForResponses(
  { resumable, pauseMs }: Pick<StreamLoss, 'resumable' | 'pauseMs'>,
  { resumeGraceMs }: DisconnectOptions,
): number {
  return resumable ? resumeGraceMs + pauseMs : 0;
}

export interface Presence {
  readonly connections: number;
  /** A client that once listened is known to be gone when it listens no more. */
  readonly listened: boolean;
}

/** How long the session may go on without any connection, in milliseconds; `undefined`: until it is idle. */
export function graceForSession(presence: Presence, options: DisconnectOptions): number | undefined {
  return presence.connections === 0 && presence.listened ? options.disconnectGraceMs : undefined;
}

export interface Age {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly lastActiveMs: number;
  readonly connections: number;
  readonly requestsInFlight: number;
  /** It was asked something, or listened to, after `initialize`. */
  readonly used: boolean;
}

/** Whether a session has outlived its time. An open stream or a request in flight is presence. */
export function expired(age: Age, options: DisconnectOptions): EndReason | undefined {
  const { sessionMaxAgeMs, sessionIdleMs } = options;
  if (sessionMaxAgeMs !== undefined && age.nowMs - age.startedMs >= sessionMaxAgeMs) return 'max_age';
  if (age.connections > 0 || age.requestsInFlight > 0) return undefined;
  const idleMs = age.nowMs - age.lastActiveMs;
  if (!age.used && idleMs >= Math.min(UNUSED_MS, sessionIdleMs / UNUSED_FRACTION)) return 'unused';
  return idleMs >= sessionIdleMs ? 'idle' : undefined;
}
