/** The sessions of one server: their ids, their time limits, and the workers that they get from the server's pool. */
import { randomBytes } from 'node:crypto';
import type { OutboxSource } from '../delivery/outbox.js';
import type { IntroducedClient, SessionWorker } from '../isolation/worker.js';
import type { WorkerSource } from '../isolation/worker-source.js';
import type { Rejection } from '../protocol/rejection.js';
import type { AnswerSlot, AnswerSource, CachedAnswer } from '../servers/cached-answers.js';
import type { KnownHeaderParams } from '../servers/known-header-params.js';
import type { PersonalEnvironment } from '../servers/secrets/personal-environment.js';
import { clockMs } from '../shared/clock.js';
import { type Consumer, consumerOf } from '../shared/consumer.js';
import { Deadline } from '../shared/deadline.js';
import type { ListKind } from '../shared/list-methods.js';
import type { Affinity, SessionContext } from '../shared/session-context.js';
import { inTurns } from '../shared/turns.js';
import type { GatewayEmitter, Isolation } from '../telemetry/events.js';
import { type AllSessions, SESSIONS_PER_TURN, type SessionGroup } from './all-sessions.js';
import type { Announcements } from './announcements.js';
import { StatelessAnswers } from './compartments/stateless-answers.js';
import type { KeptStart } from './kept-start.js';
import type { ParkedCalls } from './parked-calls.js';
import { Session } from './session.js';
import type { SessionOptions, SessionOwner } from './session-owner.js';
import type { SessionTotals } from './session-totals.js';
import type { QuotaRejection, SessionUse } from './session-use.js';

/** 192 bits, as characters that the specification allows (0x21 to 0x7E) and that need no escaping in a URL. */
const SESSION_ID_BYTES = 24;
/** The part of all workers that may stay because somebody listens to what they tell. */
const KEPT_SHARE = 1 / 4;
/** Clients of so many kinds can be told apart that a single one could fill the machine with such starts. */
const MAX_KEPT_STARTS = 4;

/** What a transport knows of a session that it opens. */
export type OpeningContext = Omit<SessionContext, 'sessionId' | 'server' | 'startedAtMs'>;

export interface SessionManagerOptions extends SessionOptions {
  /** Its name in the catalogue. */
  readonly server: string;
  readonly cleanupIntervalMs: number;
  /** What its state belongs to in the stateless era; `session`: it is not served there. */
  readonly affinity: Affinity;
  /** Whether a compartment with affinity `request` may serve another request. */
  readonly reuse: boolean;
  /** Variables of its program that depend on the principal; `undefined`: none. */
  readonly personal?: PersonalEnvironment | undefined;
}

/** What another version of a server may change. */
export interface ServedVersion extends Pick<SessionManagerOptions, 'affinity' | 'reuse' | 'handleTools'> {
  /** See the constructor of `SessionManager`. */
  readonly answers: AnswerSource | undefined;
  readonly headerParams: KnownHeaderParams;
  readonly discovery: CachedAnswer | undefined;
}

export class SessionManager implements SessionOwner<Session>, SessionGroup {
  options: SessionManagerOptions;
  readonly events: GatewayEmitter;
  answers: AnswerSource | undefined;
  announcements: Announcements | undefined;
  /** What requests of the stateless era are answered without a compartment. */
  stateless: StatelessAnswers;
  headerParams: KnownHeaderParams;
  readonly #all: AllSessions;
  readonly #pool: WorkerSource;
  readonly #sessions = new Map<string, Session>();
  /** Sessions that have a worker. */
  readonly #awake = new Set<Session>();
  /** Sessions that answer nothing any more, but still have a worker or a child process. */
  readonly #ending = new Set<Session>();
  /** Those whose clients have given up; the oldest first. */
  readonly #keptStarts = new Set<KeptStart>();
  #sweep: Deadline | undefined;
  #closed = false;

  /**
   * @param answers what sessions are answered without a worker; `undefined` if each asks its own
   * @param discovery what `server/discover` is answered if `answers` does not say it
   */
  constructor(
    options: SessionManagerOptions,
    events: GatewayEmitter,
    all: AllSessions,
    pool: WorkerSource,
    answers: AnswerSource | undefined,
    headerParams: KnownHeaderParams,
    discovery?: CachedAnswer,
  ) {
    this.options = options;
    this.events = events;
    this.answers = answers;
    this.stateless = new StatelessAnswers(answers, discovery);
    this.headerParams = headerParams;
    this.#heed(answers);
    this.#all = all;
    this.#pool = pool;
    pool.makeRoom = () => this.#makeRoom();
    all.add(this);
    this.#sweepLater();
  }

  /** Whether a session would get a worker without another one giving up its own. */
  get room(): boolean {
    return this.#pool.room;
  }

  get isolation(): Isolation {
    return this.#pool.isolation;
  }

  get totals(): SessionTotals {
    return this.#all.totals;
  }

  get use(): SessionUse | undefined {
    return this.#all.use;
  }

  get parked(): ParkedCalls<Session> {
    return this.#all.parked;
  }

  get draining(): boolean {
    return this.#all.draining;
  }

  get maxSessions(): number {
    return this.#all.maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get ending(): ReadonlySet<Session> {
    return this.#ending;
  }

  live(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Why no session can be opened, or `undefined`. Must be asked in the same tick as `open`. */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined {
    return this.#all.rejection();
  }

  /** Why this consumer can open no session, or `undefined`. Must be asked in the same tick as `open`. */
  rejectionOf(consumer: Consumer): Rejection<'draining' | 'session_limit'> | QuotaRejection | undefined {
    return this.#all.rejectionOf(consumer);
  }

  /**
   * Creates the record, and makes room for it. The session has no worker before its first message.
   * @param outboxes the way to its client
   */
  open(context: OpeningContext, outboxes: OutboxSource): Session {
    this.#all.makeRoom(countsAsSession(context) ? context : undefined);
    const { server } = this.options;
    const whole = { ...context, sessionId: newSessionId(), server, startedAtMs: Date.now() };
    const session = new Session(whole, this, outboxes);
    this.#sessions.set(session.id, session);
    if (countsAsSession(context)) this.use?.onOpened(session);
    return session;
  }

  /**
   * The session with this id, if it belongs to the principal. For others it does not exist, and a session that a client
   * has begun is no compartment of the stateless era, nor the other way round.
   */
  find(sessionId: string, principal: string, affinity: Affinity = 'session'): Session | undefined {
    const session = this.#sessions.get(sessionId);
    const { context } = session ?? {};
    return context?.principal === principal && context.affinity === affinity ? session : undefined;
  }

  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  stopAsking(): void {
    this.stateless.introductions.stop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.clear();
    for (const start of this.#keptStarts) start.stop();
    await this.announcements?.close();
  }

  /** Whether one more session may keep its worker although nothing is asked of it. */
  get mayKeep(): boolean {
    return this.totals.kept < Math.max(1, Math.floor(this.#pool.limit * KEPT_SHARE));
  }

  stateUsed(bytes: number): void {
    this.#pool.stateUsed(bytes);
  }

  /**
   * Another version of the server has taken the place of the earlier one in the pool: sessions leave their workers as soon
   * as their requests have been answered. Resolves when all clients have been told what differs.
   * @param changed the lists that differ
   */
  async renew(version: ServedVersion, changed: readonly ListKind[]): Promise<void> {
    const { answers, headerParams, discovery, affinity, reuse, handleTools } = version;
    if (this.answers !== undefined) this.answers.onReplaced = () => {};
    // What these starts would teach is of no use any more.
    for (const start of this.#keptStarts) start.stop();
    const handles = JSON.stringify(handleTools) !== JSON.stringify(this.options.handleTools);
    this.options = { ...this.options, affinity, reuse, handleTools };
    this.answers = answers;
    this.headerParams = headerParams;
    this.stopAsking();
    this.stateless = new StatelessAnswers(answers, discovery);
    this.#heed(answers);
    // In one turn, so that no request is given to the earlier version any more.
    for (const session of this.#sessions.values()) session.leaveVersion();
    this.announcements?.onRenewed(handles ? [...new Set<ListKind>([...changed, 'tools'])] : changed);
    await inTurns([...this.#sessions.values()], SESSIONS_PER_TURN, (session) => session.renew(changed));
  }

  newRequestKey(): string {
    return this.#all.newRequestKey();
  }

  acquireWorker(
    session: Session,
    signal: AbortSignal,
    client: IntroducedClient | undefined,
    waitedMs?: number,
  ): Promise<SessionWorker> {
    const { context } = session;
    const { personal } = this.options;
    const acquire = (): Promise<SessionWorker> => {
      const fromPool = () => this.#pool.acquire(signal, client, waitedMs, consumerOf(context));
      return this.use === undefined || !isCounted(context) ? fromPool() : this.use.acquire(session, fromPool);
    };
    return personal === undefined
      ? acquire()
      : acquirePersonal(personal.of(context, signal), acquire, signal);
  }

  /** Whether a compartment of this consumer should end as soon as it is free, because others wait who have fewer. */
  yields(consumer: Consumer): boolean {
    const { demand } = this.#pool;
    return demand.crowded && demand.yields(consumerOf(consumer));
  }

  childrenGone(worker: SessionWorker): Promise<void> {
    return this.#pool.childrenGone(worker);
  }

  unreadChars(): number {
    return this.#all.unreadChars();
  }

  onWorker(session: Session, held: boolean): void {
    if (held) this.#awake.add(session);
    else {
      this.#awake.delete(session);
      if (session.context.era === 'stateless') this.announcements?.onWorkerGone(session.id);
    }
  }

  onIdle(): void {
    this.#pool.workerIdle();
  }

  get keepsStarts(): boolean {
    return !this.#closed && this.#keptStarts.size < MAX_KEPT_STARTS;
  }

  onKept(start: KeptStart): void {
    this.#keptStarts.add(start);
    void start.over.then(() => this.#keptStarts.delete(start));
  }

  onEnding(session: Session): void {
    this.#sessions.delete(session.id);
    if (countsAsSession(session.context)) this.use?.onEnded(session);
    this.#awake.delete(session);
    this.#ending.add(session);
    if (session.context.era === 'stateless') this.announcements?.onWorkerGone(session.id);
  }

  onGone(session: Session): void {
    this.#ending.delete(session);
  }

  #heed(answers: AnswerSource | undefined): void {
    if (answers !== undefined) answers.onReplaced = (slot) => void this.#replaced(slot);
  }

  /** Sessions without a worker are given these answers from now on. */
  async #replaced(slot: AnswerSlot): Promise<void> {
    this.announcements?.onReplaced(slot);
    await inTurns([...this.#sessions.values()], SESSIONS_PER_TURN, (session) =>
      session.answersReplaced(slot),
    );
  }

  /**
   * Ends a start that has no client, otherwise puts the session to sleep that has been idle for longest; `false` if all
   * have work.
   */
  #makeRoom(): boolean {
    for (const start of this.#keptStarts) {
      this.#keptStarts.delete(start);
      start.stop();
      return true;
    }
    let longest: { session: Session; idleMs: number } | undefined;
    for (const session of this.#awake) {
      const idleMs = session.idleThreadMs;
      if (idleMs !== undefined && idleMs > (longest?.idleMs ?? -1)) longest = { session, idleMs };
    }
    longest?.session.sleep('pressure');
    return longest !== undefined;
  }

  #sweepLater(): void {
    if (this.#closed) return;
    this.#sweep = new Deadline(this.options.cleanupIntervalMs, () => void this.#expire()).unref();
  }

  async #expire(): Promise<void> {
    await inTurns(this.#sessions.values(), SESSIONS_PER_TURN, (session) => session.expire(clockMs()));
    this.#sweepLater();
  }
}

/** Whoever speaks over the gateway's own streams has started it, and is no consumer of it. */
function isCounted({ transport }: Pick<SessionContext, 'transport'>): boolean {
  return transport !== 'stdio';
}

/** Whether a client has opened it, and knows that: those of requests and principals come and go by themselves. */
function countsAsSession(context: Pick<SessionContext, 'affinity' | 'transport'>): boolean {
  return isCounted(context) && (context.affinity === 'session' || context.affinity === 'handle');
}

/** The one place where session ids are made (2025-11-25, Transports: globally unique, cryptographically secure). */
function newSessionId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url');
}

/** First the variables, so that nobody waits for a worker that cannot be used. */
async function acquirePersonal(
  resolved: Promise<Readonly<Record<string, string>>>,
  acquire: () => Promise<SessionWorker>,
  signal: AbortSignal,
): Promise<SessionWorker> {
  const variables = await resolved;
  const worker = await acquire();
  // Otherwise it is ended at once.
  if (!signal.aborted) worker.startProgram(variables);
  return worker;
}
