/** How piscina runs session threads: their V8 limits, environment and priority. */
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { SessionThreadData, SessionThreadTask } from '../../shared/thread-start.js';

/**
 * Measured: with 4, a session holds 1 to 1.5 MiB more from its first call on, and a call under full load takes up to 4
 * % less time.
 */
const YOUNG_GENERATION_MB = 3;
/** On Linux a thread has its own nice value; elsewhere piscina does what the system allows. */
export const SETS_OWN_PRIORITY = process.platform === 'linux';
/**
 * V8's own limit, far above `thread-heap-mb`, which the memory watch enforces; see ADR 7. It must leave room for single
 * large allocations. Below 2 GiB, V8 lets a heap at most double before it collects garbage.
 */
const LEAST_V8_LIMIT_MB = 1_792;
const LEAST_V8_SLACK_MB = 1_024;

export interface ThreadSettings {
  readonly threadHeapMb: number;
  readonly threadNice: number;
  /** The environment of its threads, each of which has its own copy. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/** A session thread as piscina runs it. */
export interface StartedThread {
  /** The thread's whole life: rejects when the thread ends or is aborted. */
  readonly life: Promise<unknown>;
  readonly worker: Worker | undefined;
  readonly terminate: () => void;
}

/**
 * Starts session threads, each in a pool of one thread and one task. If the system refuses a thread, only the
 * constructor of a pool throws and leaves nothing behind. `run` would throw as well, but keep its task for another
 * thread; nobody would then have the task's promise, and its rejection would be unhandled. With one pool for each
 * thread it is also clear which start has failed.
 */
export class PiscinaThreads {
  readonly #options: ConstructorParameters<typeof Piscina>[0];

  constructor(settings: ThreadSettings) {
    const { threadHeapMb, threadNice } = settings;
    // With any flag that is not at its default, V8 refuses the code cache of Node's own modules, which saves a seventh
    // of a thread's start (ADR 10). As a command-line flag, this one would also override the limit below, so that each
    // thread could take what was meant for the main thread: with 32, that is 64 MiB. The main thread has already read
    // it.
    setFlagsFromString('--max-semi-space-size=0');
    this.#options = {
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      // With `Atomics.wait` between tasks, the thread could not run its event loop.
      atomics: 'disabled',
      recordTiming: false,
      // If the thread does it itself, piscina does not load a native module, which takes a tenth of a thread's start.
      niceIncrement: SETS_OWN_PRIORITY ? 0 : threadNice,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(LEAST_V8_LIMIT_MB, threadHeapMb + LEAST_V8_SLACK_MB),
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
      env: { ...settings.env },
    };
  }

  /**
   * Starts a thread and gives it its one task.
   * @param filename its entry
   * @throws what `new Worker` throws if the system provides no thread
   */
  start(filename: string, task: SessionThreadTask, workerData: SessionThreadData): StartedThread {
    const pool = new Piscina({ ...this.#options, workerData });
    // The pool has its thread, and must not start another one when that is gone. The getter returns the options that
    // the pool uses.
    pool.options.minThreads = 0;
    // What happens to the thread rejects `life`. The other errors come from a thread that was already being terminated.
    pool.on('error', () => {});
    const controller = new AbortController();
    const [worker] = pool.threads;
    const transferList = [task.port, task.keeperPort];
    const life = pool.run(task, { filename, transferList, signal: controller.signal });
    return { life, worker, terminate: () => controller.abort() };
  }
}
