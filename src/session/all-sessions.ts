/**
 * The sessions of all servers together: the limit on their number, which one ends to make room, totals over all of
 * them, and their end when the gateway stops. The sessions of each server are in its `SessionManager`.
 */
import { randomInt } from 'node:crypto';
import type { Rejection } from '../protocol/rejection.js';
import { clockMs } from '../shared/clock.js';
import type { Consumer } from '../shared/consumer.js';
import { inTurns } from '../shared/turns.js';
import { AdmissionWindow } from '../telemetry/admission-window.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { SessionState } from '../telemetry/snapshot.js';
import { ParkedCalls } from './parked-calls.js';
import { RequestStates } from './request-state.js';
import type { Session } from './session.js';
import { SessionEviction } from './session-eviction.js';
import { SessionTotals } from './session-totals.js';
import type { QuotaRejection, SessionUse } from './session-use.js';

/** How often the log says that sessions end to make room; not for each session. */
const EVICTION_NOTICE_MS = 60_000;
/** Sessions that are checked or ended in one turn of the event loop, which takes a few milliseconds. */
export const SESSIONS_PER_TURN = 250;

/** One server's sessions. */
export interface SessionGroup {
  readonly size: number;
  /** Sessions that answer nothing any more. */
  readonly ending: ReadonlySet<Session>;
  live(): Iterable<Session>;
  get(sessionId: string): Session | undefined;
  /** Requests of its own, which no client waits for, end: a drain waits for those of clients alone. */
  stopAsking(): void;
  /** From now on opens no sessions. Resolves when those who listen to the server have been told. */
  close(): Promise<void>;
  /** Reports the size of all `session.state`, in bytes. */
  stateUsed(bytes: number): void;
}

export interface AllSessionsOptions {
  readonly maxSessions: number;
  /** See `RequestStates`. */
  readonly stateKey?: string | undefined;
}

export class AllSessions {
  readonly totals = new SessionTotals((bytes) => {
    for (const group of this.#groups) group.stateUsed(bytes);
  });
  /** Calls of the stateless era whose handlers wait for their clients. */
  readonly parked: ParkedCalls<Session>;
  /** Who counts what each consumer has; `undefined`: nobody. */
  readonly use: SessionUse | undefined;
  readonly #maxSessions: number;
  readonly #events: GatewayEmitter;
  readonly #groups = new Set<SessionGroup>();
  readonly #eviction = new SessionEviction(() => this.#live());
  readonly #evictionNotices = new AdmissionWindow(1, EVICTION_NOTICE_MS);
  /** Makes request keys of two runs of the gateway differ, for readers of both logs. */
  readonly #keyPrefix = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0');
  #lastKey = 0;
  #draining = false;

  constructor({ maxSessions, stateKey }: AllSessionsOptions, events: GatewayEmitter, use?: SessionUse) {
    this.use = use;
    this.#maxSessions = maxSessions;
    this.#events = events;
    this.parked = new ParkedCalls(new RequestStates(stateKey), events);
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

  get maxSessions(): number {
    return this.#maxSessions;
  }

  /** Updated with each change, because a drain reads it after each answer. */
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

  /**
   * Why no session can be opened, or `undefined`. Must be asked in the same tick as `makeRoom`, so that a burst cannot
   * exceed the limit.
   */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined {
    if (this.#draining)
      return { reason: 'draining', message: 'The server is shutting down. Try again in a moment.' };
    const maxSessions = this.#maxSessions;
    if (this.size < maxSessions || this.#eviction.next(clockMs()) !== undefined) return undefined;
    return {
      reason: 'session_limit',
      message: `The server is at its limit of sessions (max-sessions is ${maxSessions}), and all of them are in use. Try again later.`,
    };
  }

  /** Why this consumer can open no session, or `undefined`; the same holds. */
  rejectionOf(consumer: Consumer): Rejection<'draining' | 'session_limit'> | QuotaRejection | undefined {
    return (this.#draining ? undefined : this.use?.openingRejection(consumer)) ?? this.rejection();
  }

  /**
   * Makes room for one more session: ends the idle session that `rejection` found, which has been without its client
   * for longest; or one of its own if that is what its consumer has too many of.
   * @param consumer who opens it; `undefined` if that does not count
   */
  makeRoom(consumer?: Consumer): void {
    if (consumer !== undefined) this.use?.makeRoom(consumer);
    if (this.size < this.#maxSessions) return;
    void this.#eviction.next(clockMs())?.end('evicted');
    if (this.#evictionNotices.admit() === undefined) return;
    this.#events.emit('notice', {
      level: 'warn',
      message: `max-sessions (${this.#maxSessions}) is reached: each new session ends the one that has been without its client for longest`,
    });
  }

  /** The session with this id, whatever its principal. */
  get(sessionId: string): Session | undefined {
    for (const group of this.#groups) {
      const session = group.get(sessionId);
      if (session !== undefined) return session;
    }
    return undefined;
  }

  /**
   * All sessions, live and ending, each once, as many as there are at the start. Sessions may come and go in the
   * meantime; those that are gone are left out.
   */
  *each(): Generator<Session> {
    for (const group of this.#groups) {
      // First the ending ones: a live session that ends meanwhile is added to them, and would otherwise come twice.
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

  /** Resolves when nothing of the session is left; `false` if there is none with this id. */
  async end(sessionId: string, reason: EndReason): Promise<boolean> {
    const session = this.get(sessionId);
    await session?.end(reason);
    return session !== undefined;
  }

  /**
   * Opens no more sessions, lets requests in flight finish, and ends all sessions. Resolves when every worker and child
   * process is gone.
   * @param onIdle called with the number of requests that are in flight when their time is over, and are cut off
   */
  async drain(timeoutMs: number, onIdle: (requests: number) => void = () => {}): Promise<void> {
    this.#draining = true;
    this.parked.drain();
    for (const group of this.#groups) group.stopAsking();
    await this.#idle(timeoutMs);
    onIdle(this.requestsInFlight);
    await Promise.all([...this.#groups].map((group) => group.close()));
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
