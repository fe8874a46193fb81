/**
 * The workers of all sessions, of any kind. Some wait as spares; a claimed spare is replaced a moment later. Sessions
 * that find no spare wait in line, and sessions without work give up their workers for them. If workers fail to start,
 * or memory is nearly full, the pool waits before it starts another one.
 */
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { BulkheadError } from '../shared/errors.js';
import { numbers } from '../shared/numbers.js';
import type { StopDeadline } from '../shared/stop-deadline.js';
import type { GatewayEmitter, Isolation } from '../telemetry/events.js';
import type { ThreadState } from '../telemetry/snapshot.js';
import { MemoryPressure } from './memory-pressure.js';
import { PoolWorkers } from './pool-workers.js';
import { SpareTarget } from './spare-target.js';
import { Spares } from './spares.js';
import { StartBackOff } from './start-back-off.js';
import { Starters } from './starters.js';
import { WaitingLine } from './waiting-line.js';
import type { IntroducedClient, SessionWorker, WorkerExit } from './worker.js';
import type { BudgetMember, WorkerBudget } from './worker-budget.js';
import type { WorkerDemand, WorkerSource } from './worker-source.js';
import { CHILDREN_RESERVE_MS, type Retirement, type WorkerStarter } from './worker-starter.js';
import { WorkerStarts, type WorkerStartsOwner } from './worker-starts.js';

/** Less than Claude Code waits for `initialize` (25 s, three tries), so that it receives the 503 and tries again. */
const START_WAIT_MS = 10_000;
/** For a call of a session that has been served before: clients wait 60 s for it. */
const CALL_WAIT_MS = 45_000;
/** How often the pool checks spares, and changes for which there is no event, such as a released hold. */
const LOOK_INTERVAL_MS = 250;
/** By then a claimed worker has answered its first call, which another one that starts beside it would delay. */
const REFILL_AFTER_MS = 50;
/** How many are added to `spare-threads` at most, while workers are claimed quickly. */
const SPARES_PER_PROCESSOR = 4;
const OUTDATED = 'another version of its server has taken its place';

export interface WorkerPoolOptions {
  /** Spares that are kept. */
  readonly spareThreads: number;
  /** The parameters of `initialize` that the next client is expected to send, as JSON; absent: nobody knows. */
  readonly introduction?: () => string | undefined;
  /** How long it is waited for a worker; absent: as long as a client waits. */
  readonly waitMs?: number;
}

export class WorkerPool<Worker extends SessionWorker = SessionWorker>
  implements WorkerSource, WorkerStartsOwner<Worker>, BudgetMember
{
  makeRoom: () => boolean = () => false;
  readonly #events: GatewayEmitter;
  readonly #starters: Starters<Worker>;
  readonly #workers = new PoolWorkers<Worker>();
  readonly #spares: Spares<Worker>;
  readonly #budget: WorkerBudget;
  readonly #nextId: () => number;
  readonly #line: WaitingLine<Worker>;
  readonly #memoryPressure: MemoryPressure;
  readonly #watch: NodeJS.Timeout;
  readonly #spareTarget: SpareTarget;
  readonly #waitMs: number | undefined;
  readonly #starts: WorkerStarts<Worker>;
  readonly #backOff = new StartBackOff(() => this.#refill());
  #refillTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param budget what all pools of the kind may have together
   * @param nextId a number for a worker, never given before in this gateway
   */
  constructor(
    options: WorkerPoolOptions,
    budget: WorkerBudget,
    starter: WorkerStarter<Worker>,
    events: GatewayEmitter,
    nextId = numbers(),
  ) {
    this.#budget = budget;
    this.#nextId = nextId;
    this.#line = new WaitingLine(`session ${budget.words.isolation}`, budget.shares, () => this.#shortage());
    this.#events = events;
    this.#starters = new Starters(starter);
    this.#starts = new WorkerStarts(this.#starters, this.isolation, events, this);
    this.#waitMs = options.waitMs;
    this.#spares = new Spares(options.introduction ?? (() => undefined));
    this.#spareTarget = new SpareTarget(
      options.spareThreads,
      Math.min(budget.limit, options.spareThreads + SPARES_PER_PROCESSOR * availableParallelism()),
    );
    this.#memoryPressure = new MemoryPressure(this.#workers, () => this.#refill());
    budget.join(this);
    this.#watch = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  acquire(signal: AbortSignal, client?: IntroducedClient, waitedMs = 0, consumer = ''): Promise<Worker> {
    this.#spareTarget.claimed(performance.now());
    const spare = this.#spares.take(client);
    if (spare !== undefined) {
      this.#backOff.succeeded();
      this.#budget.shares.take(consumer, spare);
      this.#events.emit('thread-claimed', { thread: spare.id, kind: 'warm', waitMs: 0 });
      this.#refillSoon();
      return Promise.resolve(spare);
    }
    const kind = this.#budget.room || this.#starts.underWay > 0 ? 'cold' : 'queued';
    const clientWaitMs = client === undefined ? START_WAIT_MS : CALL_WAIT_MS;
    const longestWaitMs = this.#waitMs ?? clientWaitMs;
    const given = this.#line.wait(signal, { kind, longestWaitMs, waitedMs, consumer });
    this.#refill();
    return given;
  }

  get room(): boolean {
    if (this.#spares.count > 0) return true;
    // Those for whom no worker is being started yet will have one.
    const coming = Math.max(0, this.#line.length - this.#starts.underWay);
    return this.#budget.live + coming < this.#budget.limit && !this.#memoryPressure.nearlyFull;
  }

  get demand(): WorkerDemand {
    return this.#budget;
  }

  outranks(consumer: string): boolean {
    const coming = this.#starts.underWay + this.#budget.leaving;
    return this.#line.length > coming && this.#line.outranks(consumer);
  }

  get turn(): number | undefined {
    return this.#line.turn;
  }

  workerIdle(): void {
    if (this.#line.length > 0) this.#refill();
  }

  childrenGone(worker: SessionWorker): Promise<void> {
    return this.#starters.childrenGone(worker);
  }

  stateUsed(bytes: number): void {
    this.#starters.stateUsed(bytes);
  }

  onSettled(): void {
    this.workerIdle();
    if (this.#line.length === 0) this.#budget.gone(this);
  }

  onRoom(): void {
    if (this.#line.length > 0) this.#refill();
  }

  giveSpare(): boolean {
    return this.#line.length === 0 && this.#dropSpare('another server needed its place');
  }

  giveIdle(): boolean {
    return this.makeRoom();
  }

  get leaving(): number {
    return this.#workers.leaving;
  }

  /** Nobody can answer it, and it may give up before a session comes. */
  onAskedEarly(worker: Worker): void {
    if (!this.#spares.remove(worker)) return;
    this.#spares.stopIntroducing();
    worker.kill('ended', 'it asked its client something before it had one');
    this.#events.emit('notice', {
      level: 'info',
      message: 'a spare asked its client something, so spares are started but not initialized from now on',
    });
    this.#refill();
  }

  /** Another worker may be started in its place. */
  onStuck(): void {
    this.#refill();
  }

  onReady(worker: Worker, startMs: number): void {
    this.#spareTarget.started(startMs);
    this.#offer(worker);
  }

  onRefused(exit: WorkerExit): void {
    this.#startFailed(exit);
  }

  onGone(worker: Worker, exit: WorkerExit, wasReady: boolean): void {
    this.#workers.delete(worker);
    if (!wasReady && !worker.outdated) this.#startFailed(exit);
    if (this.#spares.remove(worker)) {
      // It had no session that could be told. Without the pause, a module that ends each spare would keep a processor
      // busy.
      this.#startFailed(exit);
    }
    this.#budget.gone(this);
    this.#refill();
  }

  /**
   * Another version of the server takes the place of the present one: sessions that wait and spares get it. Workers that
   * sessions have are `outdated`, and stay until their sessions give them back.
   * @param introduction as in the options
   */
  replace(
    starter: WorkerStarter<Worker>,
    retirement: Retirement,
    introduction: () => string | undefined = () => undefined,
  ): void {
    this.#starters.replace(starter, retirement);
    for (const spare of this.#spares.replaced(introduction)) spare.kill('ended', OUTDATED);
    // One that hangs in its import would keep a place from the new version until its deadline.
    for (const worker of [...this.#workers]) if (worker.state === 'starting') worker.kill('ended', OUTDATED);
    // The reasons why the earlier version did not start are not those of this one.
    this.#backOff.reset();
    // A session that is at work leaves its worker now, and comes first.
    this.#refillForWaiting();
  }

  /** Workers that run an earlier version. */
  get outdated(): number {
    return this.#starters.earlier;
  }

  /** How many spares should exist at the moment. */
  get sparesTarget(): number {
    return this.#spareTarget.at(performance.now());
  }

  /** Starts the spares, and replaces them from now on. */
  fill(): void {
    this.#refill();
  }

  /** How many sessions wait. */
  get waiters(): number {
    return this.#line.length;
  }

  get longestWaitMs(): number {
    return this.#line.longestWaitMs;
  }

  /** Whether no worker is started because the container's memory is nearly full. */
  get memoryNearlyFull(): boolean {
    return this.#memoryPressure.nearlyFull;
  }

  get limit(): number {
    return this.#budget.limit;
  }

  /** What its workers are. */
  get isolation(): Isolation {
    return this.#budget.words.isolation;
  }

  get childProcesses(): number {
    return this.#starters.childProcesses;
  }

  workers(): IterableIterator<Worker> {
    return this.#workers.values();
  }

  states(): Record<ThreadState, number> {
    return this.#workers.states();
  }

  /** Why no session can have a worker, or `undefined`. */
  get exhausted(): string | undefined {
    const { limit, words } = this.#budget;
    if (!this.#workers.isFullOfStuck(limit)) return undefined;
    return `All ${this.#workers.stuck} session ${words.plural} are held by native calls that do not return: restart the gateway.`;
  }

  /**
   * Kills every worker and everything that their sessions started. Resolves when all are gone, or at the deadline.
   * `states` then still counts those that a native call blocks.
   */
  async close(deadline: StopDeadline): Promise<void> {
    this.#closed = true;
    this.#backOff.close();
    clearTimeout(this.#refillTimer);
    clearInterval(this.#watch);
    this.#memoryPressure.close();
    this.#budget.leave(this);
    this.#line.close(new BulkheadError('ERR_BULKHEAD_DRAINING', 'the gateway stops'));
    const ends = [...this.#workers].map((worker) => {
      worker.kill('ended', 'the gateway stops');
      return worker.gone;
    });
    await deadline.within(Promise.all(ends), CHILDREN_RESERVE_MS);
    await this.#starters.close(deadline);
  }

  /** For the `exit` event of the process, when nothing can be awaited any more. */
  killChildrenNow(): void {
    this.#starters.killChildrenNow();
  }

  #shortage(): string {
    if (this.#memoryPressure.nearlyFull) return "the memory of the gateway's container is nearly full";
    const why = this.#backOff.reason?.replace(/\.$/, '');
    return why === undefined ? this.#budget.shortage : `the last one could not be started: ${why}`;
  }

  /** At once for sessions that wait, otherwise soon. */
  #refillForWaiting(): void {
    if (this.#line.length > 0) this.#refill();
    else this.#refillSoon();
  }

  #refillSoon(): void {
    this.#refillTimer ??= setTimeout(() => this.#refill(), REFILL_AFTER_MS).unref();
  }

  /**
   * Starts workers for waiting sessions and for spares, only a few at a time: if all started together, all would be
   * ready late.
   */
  #refill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = undefined;
    if (this.#closed || this.#backOff.pausing) return;
    if (this.#memoryPressure.nearlyFull) return this.#free();
    const atOnce = Math.max(2, availableParallelism() * 2);
    // Spares that start beside it would make a session wait longer that waits already.
    const wanted = this.#line.length > 0 ? this.#line.length : this.sparesTarget - this.#spares.count;
    while (this.#starts.underWay < Math.min(wanted, atOnce) && this.#budget.room) {
      const worker = this.#starts.start(this.#nextId());
      if (worker !== undefined) this.#workers.add(worker);
      if (this.#backOff.pausing) return;
    }
    this.#free();
  }

  /** If all workers are in use, asks as many sessions without work as there are waiters to give up theirs. */
  #free(): void {
    if (this.#line.length === 0) return;
    if (this.#budget.room && !this.#memoryPressure.nearlyFull) return;
    let coming = this.#starts.underWay + this.#budget.leaving;
    while (coming < this.#line.length && this.#makePlace()) coming += 1;
  }

  /** A spare of its own that is left fits none of those who wait. */
  #makePlace(): boolean {
    return (
      this.#dropSpare('a session that began differently needed its place') ||
      this.makeRoom() ||
      this.#budget.makeRoomFor(this)
    );
  }

  #dropSpare(why: string): boolean {
    const spare = this.#spares.drop();
    spare?.kill('ended', why);
    return spare !== undefined;
  }

  /** Workers that count towards `max-threads`. */
  get live(): number {
    return this.#workers.counted(this.#budget.limit);
  }

  /** Ends spares that are no longer needed, one at a time. */
  #shrink(): void {
    if (this.#spares.count > this.sparesTarget) this.#dropSpare('it was one spare too many');
  }

  #offer(worker: Worker): void {
    if (this.#closed) return worker.kill('ended', 'the gateway stops');
    if (worker.outdated) return worker.kill('ended', OUTDATED);
    const given = this.#line.give(worker);
    if (given === undefined) {
      this.#spares.add(worker);
      return this.#refill();
    }
    this.#backOff.succeeded();
    this.#events.emit('thread-claimed', { thread: worker.id, ...given });
    this.#refillForWaiting();
  }

  /**
   * A module that fails to load now may load later, for example when a file is being replaced. So the pool tries again,
   * with growing pauses.
   */
  #startFailed({ message, shortage }: WorkerExit): void {
    if (this.#closed) return;
    this.#line.failFirst(new BulkheadError('ERR_BULKHEAD_THREAD_START', message));
    this.#events.emit('notice', {
      level: 'error',
      message: `a session ${this.isolation} could not be started: ${message}`,
    });
    this.#backOff.failed(message, shortage === true);
  }

  #look(): void {
    this.workerIdle();
    this.#shrink();
    const outdated = this.#spares.refresh(performance.now());
    if (outdated === undefined) return;
    outdated.kill('ended', 'clients begin differently now');
    this.#refill();
  }
}
