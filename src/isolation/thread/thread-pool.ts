/**
 * The session threads: piscina runs each as one task that lasts as long as the thread and is aborted to
 * terminate it. Some wait as spares; a claimed spare is replaced a moment later. Sessions that find no spare wait in a
 * bounded queue with a deadline, first come first served.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism, getPriority } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type Worker } from 'node:worker_threads';
import type { BundledModule } from '../../servers/module-bundle.js';
import { OriginalPositions } from '../../servers/original-positions.js';
import { Deadline } from '../../shared/deadline.js';
import { BulkheadError } from '../../shared/errors.js';
import type {
  CodeCacheName,
  CodeCaches,
  EnvironmentOptions,
  SessionThreadData,
} from '../../shared/frames.js';
import type { MemoryLimits } from '../../shared/memory-limits.js';
import type { StopDeadline } from '../../shared/stop-deadline.js';
import type { ClaimKind, GatewayEmitter } from '../../telemetry/events.js';
import { THREAD_STATES, type ThreadState } from '../../telemetry/snapshot.js';
import { ChildKeeper } from '../child-keeper.js';
import { liveThreads } from '../live-threads.js';
import { MemoryPressure } from '../memory-pressure.js';
import { SpareTarget } from '../spare-target.js';
import { startFailure } from '../start-shortage.js';
import type { ThreadExit } from '../thread-owner.js';
import { MemoryWatch } from './memory-watch.js';
import { SETS_OWN_PRIORITY, type StartedThread, ThreadStarter } from './piscina-threads.js';
import { SessionThread } from './session-thread.js';
import { killChildrenOf } from './thread-children.js';

const SESSION_ENTRY = fileURLToPath(new URL('../../../workers/session-entry.cjs', import.meta.url));
const CHILD_KEEPER = new URL('../../../workers/child-keeper.cjs', import.meta.url);

/** Under what Claude Code waits for `initialize` (25 s, three tries), so that it hears a 503 and tries again. */
const START_WAIT_MS = 10_000;
/** A call of a session that is known already: clients wait 60 s for it. */
const CALL_WAIT_MS = 45_000;
export const MAX_WAITERS = 1_000;
/** Of spares, and of what no event tells: that a hold was released, say, so that a thread can go. */
const LOOK_INTERVAL_MS = 250;
/** By then a claimed thread has answered its first call: to start a thread holds up the main thread and all others. */
const REFILL_AFTER_MS = 50;
/** What is added to `spare-threads` while claims come fast, at most. */
const SPARES_PER_PROCESSOR = 4;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 30_000;
/** A shortage of the system may be over at any moment, and to look costs next to nothing. */
const MAX_SHORTAGE_BACKOFF_MS = 1_000;
const LOWEST_PRIORITY = 19;
/** Of the time that a stop has, for child processes. */
const KEEPER_RESERVE_MS = 300;
/** Threads that outlast a stop and are named in the log. */
const MAX_HELD_NAMED = 20;
const MEBIBYTE = 1024 * 1024;

/** How many stuck threads do not count for `max-threads`: a quarter of that, and 8 at least. */
function maxStuckThreads(maxThreads: number): number {
  return Math.max(8, Math.ceil(maxThreads / 4));
}

export interface ThreadPoolOptions {
  readonly serverModule: string | undefined;
  readonly environment: EnvironmentOptions;
  /** The server module as one text, in shared memory. */
  readonly bundle?: BundledModule | undefined;
  /** In shared memory. */
  readonly codeCaches?: CodeCaches;
  readonly maxThreads: number;
  readonly spareThreads: number;
  readonly threadHeapMb: number;
  readonly threadMemoryMb: number;
  readonly threadNice: number;
  readonly cancelGraceMs: number;
  /** Whether threads serve simple tool calls past the SDK. */
  readonly fastPath: boolean;
  /** At `debug` threads tell the stacks of what was thrown in them. */
  readonly logLevel?: string;
}

interface Waiter {
  readonly sinceMs: number;
  readonly kind: ClaimKind;
  readonly give: (thread: SessionThread) => void;
  readonly fail: (error: BulkheadError) => void;
}

export class ThreadPool {
  /** Asks a session without work to give its thread back; `false` when none can. Set by who knows the sessions. */
  makeRoom: () => boolean = () => false;
  readonly #options: ThreadPoolOptions;
  readonly #events: GatewayEmitter;
  readonly #starter: ThreadStarter;
  readonly #keeper: ChildKeeper;
  readonly #threads = new Set<SessionThread>();
  /** A thread's port closes before it ends: its unfinished jobs in libuv's pool hold it. */
  readonly #notEnded = new Map<Worker, SessionThread>();
  readonly #spares: SessionThread[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #memoryWatch: MemoryWatch;
  readonly #memoryPressure: MemoryPressure;
  readonly #watch: NodeJS.Timeout;
  readonly #expectedNiceness: number;
  readonly #spareTarget: SpareTarget;
  readonly #positions: OriginalPositions | undefined;
  #starting = 0;
  #lastId = 0;
  #failedStarts = 0;
  #backoff: NodeJS.Timeout | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  #niceRefusalTold = false;
  readonly #cacheRejectionsTold = new Set<CodeCacheName>();
  #closed = false;

  constructor(options: ThreadPoolOptions, events: GatewayEmitter) {
    this.#options = options;
    this.#positions = options.bundle && new OriginalPositions(options.bundle);
    this.#events = events;
    this.#spareTarget = new SpareTarget(
      options.spareThreads,
      Math.min(options.maxThreads, options.spareThreads + SPARES_PER_PROCESSOR * availableParallelism()),
    );
    this.#keeper = new ChildKeeper(CHILD_KEEPER, events, options.threadNice);
    this.#expectedNiceness = Math.min(LOWEST_PRIORITY, getPriority() + options.threadNice);
    const memoryLimits: MemoryLimits = {
      heapBytes: options.threadHeapMb * MEBIBYTE,
      memoryBytes: options.threadMemoryMb * MEBIBYTE,
    };
    const workerData: SessionThreadData = {
      moduleUrl: options.serverModule,
      environment: options.environment,
      memoryLimits,
      moduleText: options.bundle && { text: options.bundle.text, filename: options.bundle.filename },
      codeCaches: options.codeCaches,
      showsStacks: options.logLevel === 'debug',
      fastPath: options.fastPath,
      linuxPriority: SETS_OWN_PRIORITY ? this.#expectedNiceness : undefined,
    };
    this.#starter = new ThreadStarter(options, workerData);
    this.#memoryWatch = new MemoryWatch(this.#threads, memoryLimits, events);
    this.#memoryPressure = new MemoryPressure(this.#threads, () => this.#refill());
    this.#watch = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /**
   * A thread of the session's own, ready to be claimed.
   * @param known whether the session has been served before: it waits longer than one that is about to start
   * @throws {BulkheadError} `ERR_BULKHEAD_THREAD_WAIT` when none became free in time or too many wait,
   *   `ERR_BULKHEAD_THREAD_START` when the server module fails to load; the signal's reason when it aborts.
   */
  acquire(signal: AbortSignal, known = false): Promise<SessionThread> {
    const longestWaitMs = known ? CALL_WAIT_MS : START_WAIT_MS;
    const sinceMs = performance.now();
    this.#spareTarget.claimed(sinceMs);
    const spare = this.#spares.shift();
    if (spare !== undefined) {
      this.#failedStarts = 0;
      this.#events.emit('thread-claimed', { thread: spare.id, kind: 'warm', waitMs: 0 });
      this.#refillSoon();
      return Promise.resolve(spare);
    }
    if (this.#closed || this.#waiters.length >= MAX_WAITERS) {
      return Promise.reject(
        new BulkheadError(
          'ERR_BULKHEAD_THREAD_WAIT',
          'Too many sessions wait for a thread. Try again later.',
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        deadline.clear();
        signal.removeEventListener('abort', onAbort);
        const index = this.#waiters.indexOf(waiter);
        if (index !== -1) this.#waiters.splice(index, 1);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        sinceMs,
        kind: this.#live < this.#options.maxThreads || this.#starting > 0 ? 'cold' : 'queued',
        give: (thread) => {
          leave();
          resolve(thread);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      // Again: those that would have become free meanwhile have stood still as well.
      const deadline = new Deadline(
        longestWaitMs,
        () =>
          waiter.fail(
            new BulkheadError(
              'ERR_BULKHEAD_THREAD_WAIT',
              `No session thread became free within ${longestWaitMs / 1000} s: ${this.#shortage()}. Try again later.`,
            ),
          ),
        'again',
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#refill();
    });
  }

  #shortage(): string {
    const { maxThreads } = this.#options;
    if (this.#memoryPressure.nearlyFull) return "the memory of the gateway's container is nearly full";
    return this.#live < maxThreads ? 'the machine is too busy to start one' : `all ${maxThreads} are in use`;
  }

  /** A session's thread may have nothing to do: others may wait for one. */
  threadIdle(): void {
    if (this.#waiters.length > 0) this.#refill();
  }

  /** How many spares are kept at the moment. */
  get sparesWanted(): number {
    return this.#spareTarget.at(performance.now());
  }

  /** Starts the spares, and replaces them from now on. */
  fill(): void {
    this.#refill();
  }

  /** Resolves when every child process that this thread's session started is gone. */
  childrenGone(thread: SessionThread): Promise<void> {
    return this.#keeper.released(thread.id);
  }

  get waiters(): number {
    return this.#waiters.length;
  }

  /** How long the session that came first has waited. */
  get longestWaitMs(): number {
    const first = this.#waiters[0];
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /** Whether no thread is started because the container's memory is nearly full. */
  get memoryNearlyFull(): boolean {
    return this.#memoryPressure.nearlyFull;
  }

  get childProcesses(): number {
    return this.#keeper.total;
  }

  threads(): IterableIterator<SessionThread> {
    return this.#threads.values();
  }

  states(): Record<ThreadState, number> {
    const states = Object.fromEntries(THREAD_STATES.map((state) => [state, 0])) as Record<
      ThreadState,
      number
    >;
    for (const { state } of this.#threads) if (state !== 'gone') states[state] += 1;
    return states;
  }

  /**
   * Terminates every thread and everything that their sessions started. Resolves when all are gone, or at the deadline:
   * what a native call holds is named in the log then, and still counted in `states`.
   */
  async close(deadline: StopDeadline): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#backoff);
    clearTimeout(this.#refillTimer);
    clearInterval(this.#watch);
    this.#memoryWatch.close();
    this.#memoryPressure.close();
    for (const waiter of [...this.#waiters]) {
      waiter.fail(new BulkheadError('ERR_BULKHEAD_DRAINING', 'the gateway stops'));
    }
    const exits = [...this.#threads].map((thread) => {
      thread.terminate('ended', 'the gateway stops');
      return thread.exited;
    });
    await deadline.within(Promise.all(exits), KEEPER_RESERVE_MS);
    await deadline.within(this.#allEnded(), KEEPER_RESERVE_MS);
    if (this.#notEnded.size > 0) this.#reportHeld();
    // It kills at once what it could not end gently in time.
    if (!(await deadline.within(this.#keeper.close()))) {
      liveThreads.add(this.#keeper);
      this.killChildrenNow();
    }
  }

  #noteLife(worker: Worker | undefined, thread: SessionThread): void {
    if (worker === undefined) return;
    this.#notEnded.set(worker, thread);
    liveThreads.add(worker);
    worker.once('exit', () => {
      this.#notEnded.delete(worker);
      liveThreads.delete(worker);
    });
  }

  async #allEnded(): Promise<void> {
    await Promise.all([...this.#notEnded.keys()].map((worker) => once(worker, 'exit')));
  }

  #reportHeld(): void {
    const held = [...this.#notEnded.values()];
    this.#events.emit('notice', {
      level: 'error',
      message: `${held.length} session threads did not end in time; a native call holds each, or a job of libuv's pool; they end with the process`,
      fields: {
        threads: held.slice(0, MAX_HELD_NAMED).map(({ id, sessionId }) => ({ thread: id, sessionId })),
      },
    });
  }

  /** For the process's last moment, when nothing can be awaited any more. */
  killChildrenNow(): void {
    this.#keeper.killAllNow();
  }

  #refillSoon(): void {
    this.#refillTimer ??= setTimeout(() => this.#refill(), REFILL_AFTER_MS).unref();
  }

  /** Starts what waiters and spares need, few at a time: all at once would finish all at once, and late. */
  #refill(): void {
    clearTimeout(this.#refillTimer);
    this.#refillTimer = undefined;
    if (this.#closed || this.#backoff !== undefined) return;
    if (this.#memoryPressure.nearlyFull) return this.#free();
    const atOnce = Math.max(2, availableParallelism() * 2);
    const wanted = this.#waiters.length + this.sparesWanted - this.#spares.length;
    while (this.#starting < Math.min(wanted, atOnce) && this.#live < this.#options.maxThreads) {
      this.#start();
      if (this.#backoff !== undefined) return;
    }
    this.#free();
  }

  /** With all threads in use, takes as many from sessions without work as sessions wait. */
  #free(): void {
    if (this.#waiters.length === 0) return;
    if (this.#live < this.#options.maxThreads && !this.#memoryPressure.nearlyFull) return;
    let coming = this.#starting;
    for (const { state } of this.#threads) if (state === 'ending' || state === 'terminating') coming += 1;
    while (coming < this.#waiters.length && this.makeRoom()) coming += 1;
  }

  #killChildren(
    { systemThreadId }: Pick<SessionThread, 'systemThreadId'>,
    marker: string,
    search: boolean,
  ): void {
    const processes = killChildrenOf({ systemThreadId, marker }, search);
    if (processes > 0) this.#events.emit('children-killed', { processes });
  }

  /** Ends its child processes, one of which may be what it waits for. Another thread may take its place. */
  #stuck(thread: SessionThread, marker: string): void {
    this.#keeper.end(thread.id);
    this.#killChildren(thread, marker, true);
    this.#refill();
  }

  /**
   * Threads that count for `max-threads`. Stuck ones do no work and can't be ended; they count only beyond a bound, without
   * which a module that always gets stuck would fill the process with threads.
   */
  get #live(): number {
    return this.#threads.size - Math.min(this.#stuckThreads, maxStuckThreads(this.#options.maxThreads));
  }

  get #stuckThreads(): number {
    let stuck = 0;
    for (const { state } of this.#threads) if (state === 'stuck') stuck += 1;
    return stuck;
  }

  /** Why no session can have a thread, or `undefined`. */
  get exhausted(): string | undefined {
    const { maxThreads } = this.#options;
    const stuck = this.#stuckThreads;
    if (stuck < maxThreads + maxStuckThreads(maxThreads)) return undefined;
    return `All ${stuck} session threads are held by native calls that do not return: restart the gateway.`;
  }

  /** Lets spares go that a calm time does not need, one at a time. */
  #shrink(): void {
    if (this.#spares.length <= this.sparesWanted) return;
    this.#spares.pop()?.terminate('ended', 'it was one spare too many');
  }

  #start(): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const { port1: port, port2 } = new MessageChannel();
    const keeperPort = this.#keeper.connect(id);
    const childMarker = randomBytes(16).toString('hex');
    let spawned: StartedThread;
    try {
      spawned = this.#starter.start(SESSION_ENTRY, { port: port2, keeperPort, childMarker });
    } catch (error) {
      port.close();
      keeperPort.close();
      const { message, shortage } = startFailure(error);
      this.#events.emit('thread-exited', {
        thread: id,
        cause: 'start_failed',
        message,
        killMs: undefined,
        context: undefined,
        requestsLost: 0,
      });
      this.#startFailed({ cause: 'start_failed', message, shortage });
      return;
    }
    const startedMs = performance.now();
    let started = false;
    let terminated = false;
    const thread = new SessionThread({
      id,
      port,
      life: spawned.life,
      terminate: () => {
        terminated = true;
        // While the thread lives the system tells what it started; what runs on would have no owner.
        this.#killChildren(thread, childMarker, false);
        spawned.terminate();
        // A thread that never got its task has not got the other end either: closing ours ends both.
        if (started) return;
        port.close();
        keeperPort.close();
      },
      worker: spawned.worker,
      childProcesses: () => this.#keeper.running(id),
      spawnsChildren: () => this.#keeper.started,
      readable: (text) => this.#positions?.in(text) ?? text,
      cancelGraceMs: this.#options.cancelGraceMs,
      events: this.#events,
      onSettled: () => this.threadIdle(),
      onStuck: () => this.#stuck(thread, childMarker),
    });
    this.#threads.add(thread);
    this.#noteLife(spawned.worker, thread);
    this.#starting += 1;
    void thread.ready.then(
      () => {
        started = true;
        this.#starting -= 1;
        this.#spareTarget.started(performance.now() - startedMs);
        this.#checkNiceness(thread.niceness);
        this.#checkCodeCaches(thread.rejectedCaches);
        this.#offer(thread);
      },
      () => {
        if (started) return;
        this.#starting -= 1;
      },
    );
    void thread.exited.then((exit) => {
      this.#threads.delete(thread);
      // One that died by itself has left what it started to the process: its id tells nothing any more, its marker does.
      if (!terminated) this.#killChildren({ systemThreadId: undefined }, childMarker, true);
      if (!started) this.#startFailed(exit);
      const index = this.#spares.indexOf(thread);
      if (index !== -1) {
        this.#spares.splice(index, 1);
        // No session was there to be told, and a module that ends each spare would keep a processor busy.
        this.#startFailed(exit);
      }
      this.#refill();
    });
  }

  #offer(thread: SessionThread): void {
    if (this.#closed) return thread.terminate('ended', 'the gateway stops');
    const waiter = this.#waiters[0];
    if (waiter === undefined) {
      this.#spares.push(thread);
    } else {
      this.#failedStarts = 0;
      const waitMs = performance.now() - waiter.sinceMs;
      this.#events.emit('thread-claimed', { thread: thread.id, kind: waiter.kind, waitMs });
      waiter.give(thread);
    }
    this.#refill();
  }

  /** A module that fails to load now may load later (a file being replaced): try again, ever more slowly. */
  #startFailed({ message, shortage }: ThreadExit): void {
    if (this.#closed) return;
    this.#failedStarts += 1;
    this.#waiters[0]?.fail(new BulkheadError('ERR_BULKHEAD_THREAD_START', message));
    this.#events.emit('notice', {
      level: 'error',
      message: `a session thread could not be started: ${message}`,
    });
    const longestMs = shortage === true ? MAX_SHORTAGE_BACKOFF_MS : MAX_BACKOFF_MS;
    const delayMs = Math.min(longestMs, FIRST_BACKOFF_MS * 2 ** (this.#failedStarts - 1));
    this.#backoff ??= setTimeout(() => {
      this.#backoff = undefined;
      this.#refill();
    }, delayMs).unref();
  }

  #look(): void {
    this.threadIdle();
    this.#shrink();
  }

  /** Tells once where the system does not let session threads step back behind the main thread. */
  #checkNiceness(niceness: number | undefined): void {
    if (this.#niceRefusalTold || niceness === undefined || niceness >= this.#expectedNiceness) return;
    this.#niceRefusalTold = true;
    this.#events.emit('notice', {
      level: 'warn',
      message:
        `thread-nice: the system did not lower the priority of session threads (it is ${niceness}, ` +
        `not ${this.#expectedNiceness}); a busy tool can slow the main thread down`,
    });
  }

  /** Tells once of each code cache that V8 refuses: threads work without, and nothing else would show it but their start. */
  #checkCodeCaches(rejected: readonly CodeCacheName[]): void {
    for (const cache of rejected) {
      this.#events.emit('code-cache-rejected', { cache });
      if (this.#cacheRejectionsTold.has(cache)) continue;
      this.#cacheRejectionsTold.add(cache);
      const ofWhat = cache === 'worker' ? 'the session worker' : 'the server module';
      this.#events.emit('notice', {
        level: 'warn',
        message:
          `V8 refused the code cache of ${ofWhat}, so session threads start more slowly; it does so after a tool has ` +
          'changed V8 flags (v8.setFlagsFromString), and takes the cache again after a restart of the gateway',
        fields: { cache },
      });
    }
  }
}
