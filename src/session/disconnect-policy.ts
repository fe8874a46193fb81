/**
 * What a closed connection means. The whole policy is here, as functions of plain data; `session.ts` applies it.
 * docs/adr/0003-disconnect-policy.md gives the reasons.
 *
 * | what happens                                                   | what follows                                    |
 * | -------------------------------------------------------------- | ----------------------------------------------- |
 * | the client ends the session                                    | it ends at once                                 |
 * | the only stream of its client closes for good                  | the same                                        |
 * | a stream closes before its response and cannot be resumed      | its requests are cancelled at once              |
 * | the same, but the client holds an event id of it               | they continue for `resume-grace`, then cancelled |
 * | the server closed the stream on purpose (SEP-1699)             | the same, plus the pause that it asked for      |
 * | the client sends `notifications/cancelled`                     | that request is cancelled at once               |
 * | a client that had a standalone stream has no connection left   | its session ends after `disconnect-grace`       |
 * | a client that never had one has no connection left             | its session ends after `session-idle`           |
 * | it was initialized and then never used                         | it ends after 2 minutes                         |
 * | a new session needs room at `max-sessions`                     | one without connection and work ends            |
 * | a write fails, the socket has an error, a reader stalls        | as if the connection had closed                 |
 */
import type { StreamLoss } from '../delivery/outbox.js';
import type { EndReason } from '../telemetry/end-reason.js';

export interface DisconnectOptions {
  readonly disconnectGraceMs: number;
  readonly resumeGraceMs: number;
  readonly sessionIdleMs: number;
  readonly sessionMaxAgeMs: number | undefined;
}

/** How long a session lives that is never used. If `session-idle` is short, a fifteenth of it counts instead. */
const UNUSED_MS = 2 * 60_000;
const UNUSED_FRACTION = 15;

/** How long the requests of a lost stream may continue, in milliseconds; 0: they are cancelled at once. */
export function graceForResponses(
  { resumable, pauseMs }: Pick<StreamLoss, 'resumable' | 'pauseMs'>,
  { resumeGraceMs }: DisconnectOptions,
): number {
  return resumable ? resumeGraceMs + pauseMs : 0;
}

export interface Presence {
  readonly connections: number;
  /** Whether the client has ever opened the standalone stream. Only then does the end of the stream show that it has gone. */
  readonly listened: boolean;
}

/** How long the session may continue without any connection, in milliseconds; `undefined`: until it is idle. */
export function graceForSession(presence: Presence, options: DisconnectOptions): number | undefined {
  return presence.connections === 0 && presence.listened ? options.disconnectGraceMs : undefined;
}

export interface Age {
  readonly nowMs: number;
  readonly startedMs: number;
  readonly lastActiveMs: number;
  readonly connections: number;
  readonly requestsInFlight: number;
  /** It was called, or its client opened the standalone stream, after `initialize`. */
  readonly used: boolean;
}

/** Whether a session's time is over. An open stream or a request in flight keeps it, except beyond its maximum age. */
export function expired(age: Age, options: DisconnectOptions): EndReason | undefined {
  const { sessionMaxAgeMs, sessionIdleMs } = options;
  if (sessionMaxAgeMs !== undefined && age.nowMs - age.startedMs >= sessionMaxAgeMs) return 'max_age';
  if (age.connections > 0 || age.requestsInFlight > 0) return undefined;
  const idleMs = age.nowMs - age.lastActiveMs;
  if (!age.used && idleMs >= Math.min(UNUSED_MS, sessionIdleMs / UNUSED_FRACTION)) return 'unused';
  return idleMs >= sessionIdleMs ? 'idle' : undefined;
}
