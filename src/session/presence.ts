/** Whether a session's client is still there: when it was last active, and how long it has been away. */
import { clockMs } from '../shared/clock.js';
import { Deadline } from '../shared/deadline.js';
import type { EndReason } from '../telemetry/end-reason.js';
import { type DisconnectOptions, expired, graceForSession } from './disconnect-policy.js';

/** How long a client needs at most until it uses a session that it has just opened. */
const OPENING_MS = 2_000;

/** The session, as its presence sees it. */
export interface PresenceOwner {
  /** Streams that have a connection now. */
  readonly connections: number;
  /** Whether its client has ever opened the standalone stream. Only then does its absence mean anything. */
  readonly listened: boolean;
  readonly requestsInFlight: number;
  /** Its client has been absent for `disconnect-grace`. */
  onAbsent(): void;
}

export class Presence {
  readonly #owner: PresenceOwner;
  readonly #options: DisconnectOptions;
  readonly #startedMs = clockMs();
  #lastActiveMs = this.#startedMs;
  #used = false;
  #absence: Deadline | undefined;
  #closed = false;

  constructor(owner: PresenceOwner, options: DisconnectOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  get ageMs(): number {
    return clockMs() - this.#startedMs;
  }

  get idleMs(): number {
    return this.#owner.requestsInFlight > 0 ? 0 : clockMs() - this.#lastActiveMs;
  }

  /** It was called, or its client opened the standalone stream, after `initialize`. */
  get used(): boolean {
    return this.#used;
  }

  /**
   * When its client was last active; `undefined` while the client is connected, waits for an answer, or has only just
   * opened the session.
   */
  get absentSinceMs(): number | undefined {
    const { connections, requestsInFlight } = this.#owner;
    if (this.#closed || requestsInFlight > 0 || connections > 0) return undefined;
    if (!this.#used && clockMs() - this.#lastActiveMs < OPENING_MS) return undefined;
    return this.#lastActiveMs;
  }

  /** The client has asked for something, and a connection is open. */
  active(): void {
    this.touch();
    this.#used = true;
    if (this.#absence === undefined) return;
    this.#absence.clear();
    this.#absence = undefined;
  }

  /** The client has sent something that leaves no connection open: it is present only at this moment. */
  activeInPassing(): void {
    this.active();
    this.check();
  }

  /** The client was present until now: idle time counts from here. */
  touch(): void {
    this.#lastActiveMs = clockMs();
  }

  /** A connection has closed, perhaps the last one. */
  check(): void {
    const { connections, listened } = this.#owner;
    if (!listened || this.#absence !== undefined || this.#closed) return;
    const graceMs = graceForSession({ connections, listened }, this.#options);
    if (graceMs !== undefined) this.#absence = new Deadline(graceMs, () => this.#owner.onAbsent());
  }

  /** Why the session's time is over, or `undefined`. */
  expired(nowMs: number): EndReason | undefined {
    const { connections, requestsInFlight } = this.#owner;
    return expired(
      {
        nowMs,
        startedMs: this.#startedMs,
        lastActiveMs: this.#lastActiveMs,
        connections,
        requestsInFlight,
        used: this.#used,
      },
      this.#options,
    );
  }

  close(): void {
    this.#closed = true;
    this.#absence?.clear();
  }
}
