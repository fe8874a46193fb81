/** How piscina runs session threads: their V8 limits, their environment, their priority. */
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { SessionThreadData, SessionThreadTask } from '../../shared/thread-start.js';

/** Measured: with 4 a session holds 1 to 1.5 MiB more from its first call on, and a call under full load takes up to 4 % less. */
const YOUNG_GENERATION_MB = 3;
/** On Linux a thread has a nice value of its own; elsewhere piscina does what the system allows. */
export const SETS_OWN_PRIORITY = process.platform === 'linux';
/**
 * V8's own limit, far above `thread-heap-mb`, which the memory watch holds; see ADR 7. What counts is that single
 * allocations fit. Below 2 GiB V8 lets a heap at most double before it collects.
 */
const LEAST_V8_LIMIT_MB = 1_792;
const LEAST_V8_SLACK_MB = 1_024;

export interface ThreadSettings {
  readonly threadHeapMb: number;
  readonly threadNice: number;
}

/** A session thread as piscina runs it. */
export interface StartedThread {
  /** The thread's whole life: it rejects when the thread ends or was aborted. */
  readonly life: Promise<unknown>;
  readonly worker: Worker | undefined;
  readonly terminate: () => void;
}

/**
 * Starts session threads, each in a pool of one thread and one task. The constructor of a pool is the one place where a
 * thread that the system refuses throws and leaves nothing behind: `run` would throw as well, but keep its task for another
 * thread, and the task's promise, which nobody has then, could only be rejected unhandled. It also leaves no doubt
 * which start it was that failed.
 */
export class PiscinaThreads {
  readonly #options: ConstructorParameters<typeof Piscina>[0];

  constructor(settings: ThreadSettings, workerData: SessionThreadData) {
    const { threadHeapMb, threadNice } = settings;
    // With any flag that is not its default, V8 refuses the code cache of Node's own modules, which is a seventh of a thread's start;
    // see ADR 10. As a flag of the command line this one would also win over the limit below, and each thread could take what was meant
    // for the main thread: with 32, 64 MiB. The main thread has read it by now.
    setFlagsFromString('--max-semi-space-size=0');
    this.#options = {
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      // Its Atomics.wait between tasks would block a thread that should be turning its event loop.
      atomics: 'disabled',
      recordTiming: false,
      // Where the thread does it itself, piscina need not load a native module, a tenth of a thread's start.
      niceIncrement: SETS_OWN_PRIORITY ? 0 : threadNice,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(LEAST_V8_LIMIT_MB, threadHeapMb + LEAST_V8_SLACK_MB),
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
      workerData,
      env: environmentOfThreads(),
    };
  }

  /**
   * Starts a thread and gives it its one task.
   * @throws what `new Worker` throws where the system gives no thread.
   */
  start(filename: string, task: SessionThreadTask): StartedThread {
    const pool = new Piscina(this.#options);
    // It has its thread; another one is not wanted when that is gone. The getter gives the options that it works with.
    pool.options.minThreads = 0;
    // What happens to the thread rejects `life`. What is left is a thread that was being terminated.
    pool.on('error', () => {});
    const controller = new AbortController();
    const [worker] = pool.threads;
    const transferList = [task.port, task.keeperPort];
    const life = pool.run(task, { filename, transferList, signal: controller.signal });
    return { life, worker, terminate: () => controller.abort() };
  }
}

/** What session threads see of the environment: all of it but the gateway's own secret. */
function environmentOfThreads(): NodeJS.ProcessEnv {
  const { BULKHEAD_TOKEN: _secret, ...environment } = process.env;
  return environment;
}
