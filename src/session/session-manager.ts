/** All sessions: their ids, admission, time limits and clean-up. */
import { randomBytes, randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { OutboxSource } from '../delivery/outbox.js';
import type { SessionWorker } from '../isolation/worker.js';
import type { WorkerSource } from '../isolation/worker-source.js';
import type { Rejection } from '../protocol/rejection.js';
import type { StaticLists } from '../servers/server-module-check.js';
import { Deadline } from '../shared/deadline.js';
import type { SessionContext } from '../shared/session-context.js';
import { inTurns } from '../shared/turns.js';
import { AdmissionWindow } from '../telemetry/admission-window.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { SessionState } from '../telemetry/snapshot.js';
import { Session } from './session.js';
import { SessionEviction } from './session-eviction.js';
import type { SessionOptions, SessionOwner } from './session-owner.js';
import { SessionTotals } from './session-totals.js';

/** 192 bits, as characters that the specification allows (0x21 to 0x7E) and that need no escaping in a URL. */
const SESSION_ID_BYTES = 24;
/** How often the log says that sessions end to make room; not for each session. */
const EVICTION_NOTICE_MS = 60_000;
/** Sessions that are checked or ended in one turn of the event loop, which takes a few milliseconds. */
const SESSIONS_PER_TURN = 250;

export interface SessionManagerOptions extends SessionOptions {
  readonly maxSessions: number;
  readonly cleanupIntervalMs: number;
}

export class SessionManager implements SessionOwner<Session> {
  readonly options: SessionManagerOptions;
  readonly events: GatewayEmitter;
  readonly totals: SessionTotals;
  readonly staticLists: StaticLists | undefined;
  readonly #pool: WorkerSource;
  readonly #sessions = new Map<string, Session>();
  /** Sessions that have a worker. */
  readonly #awake = new Set<Session>();
  /** Sessions that answer nothing any more, but still have a thread or a child process. */
  readonly #ending = new Set<Session>();
  readonly #eviction = new SessionEviction(() => this.#sessions.values());
  readonly #evictionNotices = new AdmissionWindow(1, EVICTION_NOTICE_MS);
  #sweep: Deadline | undefined;
  /** Makes request keys of two runs of the gateway differ, for readers of both logs. */
  readonly #keyPrefix = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0');
  #lastKey = 0;
  #draining = false;

  /** @param staticLists what sessions are answered without a thread; `undefined` if each has its own lists */
  constructor(
    options: SessionManagerOptions,
    events: GatewayEmitter,
    pool: WorkerSource,
    staticLists: StaticLists | undefined,
  ) {
    this.options = options;
    this.events = events;
    this.staticLists = staticLists;
    this.#pool = pool;
    this.totals = new SessionTotals((bytes) => pool.stateUsed(bytes));
    pool.makeRoom = () => this.#makeRoom();
    this.#sweepLater();
  }

  /**
   * Why no session can be opened, or `undefined`. Must be asked in the same tick as `open`, so that a burst cannot
   * exceed the limit.
   */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined {
    if (this.#draining)
      return { reason: 'draining', message: 'The server is shutting down. Try again in a moment.' };
    const { maxSessions } = this.options;
    if (this.#sessions.size < maxSessions || this.#eviction.next(performance.now()) !== undefined)
      return undefined;
    return {
      reason: 'session_limit',
      message: `The server is at its limit of sessions (max-sessions is ${maxSessions}), and all of them are in use. Try again later.`,
    };
  }

  /**
   * Creates the record. If there is no room, the idle session that `rejection` found ends first. The session has no
   * thread before its first message.
   * @param outboxes the way to its client
   */
  open(context: Omit<SessionContext, 'sessionId' | 'startedAtMs'>, outboxes: OutboxSource): Session {
    if (this.#sessions.size >= this.options.maxSessions) this.#endOne();
    const whole = { ...context, sessionId: newSessionId(), startedAtMs: Date.now() };
    const session = new Session(whole, this, outboxes);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The session with this id, if it belongs to the principal. For others it does not exist. */
  find(sessionId: string, principal: string): Session | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.context.principal === principal ? session : undefined;
  }

  /** The session with this id, whoever it belongs to. */
  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  get size(): number {
    return this.#sessions.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** The number for all sessions. It is updated with each change, because a drain reads it after each answer. */
  get requestsInFlight(): number {
    return this.totals.requestsInFlight;
  }

  /**
   * All sessions, live and ending, each once, as many as there are at the start. Sessions may come and go in the
   * meantime; those that are gone are left out.
   */
  *each(): Generator<Session> {
    // First the ending ones: a live session that ends meanwhile is added to them, and would otherwise come twice.
    yield* this.#ending;
    let left = this.#sessions.size;
    for (const session of this.#sessions.values()) {
      if (left === 0) return;
      left -= 1;
      yield session;
    }
  }

  states(): Record<SessionState, number> {
    return { ...this.totals.states, ending: this.#ending.size };
  }

  /** Resolves when nothing of the session is left; `false` if there is none with this id. */
  async end(sessionId: string, reason: EndReason): Promise<boolean> {
    const session = this.#sessions.get(sessionId);
    await session?.end(reason);
    return session !== undefined;
  }

  /**
   * Opens no more sessions, lets requests in flight finish, and ends all sessions. Resolves when every thread and child
   * process is gone.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    await this.#idle(timeoutMs);
    this.#sweep?.clear();
    const ends: Promise<void>[] = [];
    await inTurns([...this.each()], SESSIONS_PER_TURN, (session) => void ends.push(session.end('drain')));
    await Promise.all(ends);
  }

  newRequestKey(): string {
    this.#lastKey += 1;
    return `r-${this.#keyPrefix}-${this.#lastKey.toString(36)}`;
  }

  acquireWorker(signal: AbortSignal, known: boolean): Promise<SessionWorker> {
    return this.#pool.acquire(signal, known);
  }

  childrenGone(worker: SessionWorker): Promise<void> {
    return this.#pool.childrenGone(worker);
  }

  unreadChars(): number {
    let chars = 0;
    for (const session of this.#sessions.values()) chars += session.unreadChars;
    return chars;
  }

  onWorker(session: Session, held: boolean): void {
    if (held) this.#awake.add(session);
    else this.#awake.delete(session);
  }

  onIdle(): void {
    this.#pool.workerIdle();
  }

  onEnding(session: Session): void {
    this.#sessions.delete(session.id);
    this.#awake.delete(session);
    this.#ending.add(session);
  }

  onGone(session: Session): void {
    this.#ending.delete(session);
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
        this.events.off('request-finished', check);
        resolve();
      };
      const deadline = setTimeout(finish, timeoutMs);
      this.events.on('request-finished', check);
    });
  }

  /** Puts the session to sleep that has been idle for longest; `false` if all have work. */
  #makeRoom(): boolean {
    let longest: { session: Session; idleMs: number } | undefined;
    for (const session of this.#awake) {
      const idleMs = session.idleThreadMs;
      if (idleMs !== undefined && idleMs > (longest?.idleMs ?? -1)) longest = { session, idleMs };
    }
    longest?.session.sleep('pressure');
    return longest !== undefined;
  }

  /** Ends the session that has been without its client for longest. */
  #endOne(): void {
    void this.#eviction.next(performance.now())?.end('evicted');
    if (this.#evictionNotices.admit() === undefined) return;
    this.events.emit('notice', {
      level: 'warn',
      message: `max-sessions (${this.options.maxSessions}) is reached: each new session ends the one that has been without its client for longest`,
    });
  }

  #sweepLater(): void {
    if (this.#draining) return;
    this.#sweep = new Deadline(this.options.cleanupIntervalMs, () => void this.#expire()).unref();
  }

  async #expire(): Promise<void> {
    await inTurns(this.#sessions.values(), SESSIONS_PER_TURN, (session) => session.expire(performance.now()));
    this.#sweepLater();
  }
}

/** The one place where session ids are made (2025-11-25, Transports: globally unique, cryptographically secure). */
function newSessionId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url');
}
