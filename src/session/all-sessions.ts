/**
 * The sessions of all servers together: the limit on their number and who makes room at it, what is counted over all of them, and
 * their end when the gateway stops. Each server's own are its `SessionManager`'s.
 */
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Rejection } from '../protocol/rejection.js';
import { inTurns } from '../shared/turns.js';
import { AdmissionWindow } from '../telemetry/admission-window.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { SessionState } from '../telemetry/snapshot.js';
import type { Session } from './session.js';
import { SessionEviction } from './session-eviction.js';
import { SessionTotals } from './session-totals.js';

/** A full gateway says so in its log this often, not for each session. */
const EVICTION_NOTICE_MS = 60_000;
/** Sessions that are looked at, or ended, in one turn of the event loop: a few milliseconds. */
export const SESSIONS_PER_TURN = 250;

/** One server's sessions. */
export interface SessionGroup {
  readonly size: number;
  /** Those that answer nothing any more. */
  readonly ending: ReadonlySet<Session>;
  live(): Iterable<Session>;
  get(sessionId: string): Session | undefined;
  /** Opens none any more. */
  close(): void;
  /** `session.state` of all sessions holds so many bytes. */
  stateUsed(bytes: number): void;
}

export class AllSessions {
  readonly totals = new SessionTotals((bytes) => {
    for (const group of this.#groups) group.stateUsed(bytes);
  });
  readonly #maxSessions: number;
  readonly #events: GatewayEmitter;
  readonly #groups = new Set<SessionGroup>();
  readonly #eviction = new SessionEviction(() => this.#live());
  readonly #evictionNotices = new AdmissionWindow(1, EVICTION_NOTICE_MS);
  /** Makes request keys differ between two runs of the gateway, for whoever reads both logs. */
  readonly #keyPrefix = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0');
  #lastKey = 0;
  #draining = false;

  constructor({ maxSessions }: { readonly maxSessions: number }, events: GatewayEmitter) {
    this.#maxSessions = maxSessions;
    this.#events = events;
  }

  add(group: SessionGroup): void {
    this.#groups.add(group);
  }

  get size(): number {
    let size = 0;
    for (const group of this.#groups) size += group.size;
    return size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Counted as they come and go, since a drain asks at each answer. */
  get requestsInFlight(): number {
    return this.totals.requestsInFlight;
  }

  newRequestKey(): string {
    this.#lastKey += 1;
    return `r-${this.#keyPrefix}-${this.#lastKey.toString(36)}`;
  }

  /** Characters of messages that no worker has read. */
  unreadChars(): number {
    let chars = 0;
    for (const session of this.#live()) chars += session.unreadChars;
    return chars;
  }

  /** Whether a session could be opened; asked in the same tick as `makeRoom`, so that a burst can't pass the limit. */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined {
    if (this.#draining)
      return { reason: 'draining', message: 'The server is shutting down. Try again in a moment.' };
    const maxSessions = this.#maxSessions;
    if (this.size < maxSessions || this.#eviction.next(performance.now()) !== undefined) return undefined;
    return {
      reason: 'session_limit',
      message: `The server is at its limit of sessions (max-sessions is ${maxSessions}), and all of them are in use. Try again later.`,
    };
  }

  /** For one session more: what `rejection` found to be idle, the one that has been without its client for longest, ends. */
  makeRoom(): void {
    if (this.size < this.#maxSessions) return;
    void this.#eviction.next(performance.now())?.end('evicted');
    if (this.#evictionNotices.admit() === undefined) return;
    this.#events.emit('notice', {
      level: 'warn',
      message: `max-sessions (${this.#maxSessions}) is reached: each new session ends the one that has been without its client for longest`,
    });
  }

  /** The session with this id, whoever it belongs to. */
  get(sessionId: string): Session | undefined {
    for (const group of this.#groups) {
      const session = group.get(sessionId);
      if (session !== undefined) return session;
    }
    return undefined;
  }

  /**
   * Live and ending ones, each once, as many as there are when it begins. Sessions may come and go while it goes on: what
   * is gone is left out.
   */
  *each(): Generator<Session> {
    for (const group of this.#groups) {
      // One that ends meanwhile goes to the ending ones, and would come again were they the last.
      yield* group.ending;
      let left = group.size;
      for (const session of group.live()) {
        if (left === 0) break;
        left -= 1;
        yield session;
      }
    }
  }

  states(): Record<SessionState, number> {
    let ending = 0;
    for (const group of this.#groups) ending += group.ending.size;
    return { ...this.totals.states, ending };
  }

  /** Resolves when nothing of the session is left; `false` when there is none with this id. */
  async end(sessionId: string, reason: EndReason): Promise<boolean> {
    const session = this.get(sessionId);
    await session?.end(reason);
    return session !== undefined;
  }

  /**
   * Opens no session any more, lets requests in flight finish, ends all sessions. Resolves when every worker and
   * child process is gone.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    await this.#idle(timeoutMs);
    for (const group of this.#groups) group.close();
    const ends: Promise<void>[] = [];
    await inTurns([...this.each()], SESSIONS_PER_TURN, (session) => void ends.push(session.end('drain')));
    await Promise.all(ends);
  }

  *#live(): Generator<Session> {
    for (const group of this.#groups) yield* group.live();
  }

  #idle(timeoutMs: number): Promise<void> {
    if (this.requestsInFlight === 0 || timeoutMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.requestsInFlight > 0) return;
        finish();
      };
      const finish = (): void => {
        clearTimeout(deadline);
        this.#events.off('request-finished', check);
        resolve();
      };
      const deadline = setTimeout(finish, timeoutMs);
      this.#events.on('request-finished', check);
    });
  }
}
