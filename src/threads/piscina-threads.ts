/** How piscina runs session threads: their V8 limits, their environment, their priority. */
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import type { SessionThreadData } from '../shared/frames.js';
import { NODE_MAJOR } from '../shared/node-version.js';

/**
 * Measured: on Node 20 a session holds 1.5 MiB less with 3 than with 4 from its first call on, and a call under full load takes up to 4 %
 * more. From Node 22 on, where both sides are larger, 3 makes a start a millisecond longer.
 */
const YOUNG_GENERATION_MB = NODE_MAJOR >= 22 ? 4 : 3;
/** On Linux a thread has a nice value of its own; elsewhere piscina does what the system allows. */
export const SETS_OWN_PRIORITY = process.platform === 'linux';
/**
 * V8's own limit, far above `thread-heap-mb`, which the memory watch holds; see ADR 7. What counts is that single
 * allocations fit. Below 2 GiB V8 lets a heap at most double before it collects.
 */
const LEAST_V8_LIMIT_MB = 1_792;
const LEAST_V8_SLACK_MB = 1_024;

export interface ThreadSettings {
  readonly maxThreads: number;
  readonly threadHeapMb: number;
  readonly threadNice: number;
}

/** A pool without threads; each task that it is given gets a thread of its own. */
export function createThreads(settings: ThreadSettings, workerData: SessionThreadData): Piscina {
  const { maxThreads, threadHeapMb, threadNice } = settings;
  // All are of the whole process. As a flag of the command line this one would win over the limit below, and each thread could
  // take what was meant for the main thread: with 32, 64 MiB in place of 4. The main thread has read it by now.
  setFlagsFromString('--max-semi-space-size=0');
  // With any flag that is not its default, V8 refuses the code cache of Node's own modules. On Node 20 that is a seventh of a
  // thread's start, and the flags below win less than it costs; see ADR 10.
  if (NODE_MAJOR >= 22) {
    // V8 would take it from its own limit, and keep more garbage in each thread.
    setFlagsFromString(`--initial-old-space-size=${Math.ceil(threadHeapMb / 2)}`);
    // Under load V8 takes what a request allocates for long-lived, and puts it into old space. There it keeps all that it
    // refers to until a full collection: measured, a fifth of the calls a second.
    setFlagsFromString('--no-allocation-site-pretenuring');
  }
  return new Piscina({
    minThreads: 0,
    // Threads that are being terminated count here and no longer in piscina: its own limit must never bind.
    maxThreads: maxThreads + 1,
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
  });
}

/** What session threads see of the environment: all of it but the gateway's own secret. */
function environmentOfThreads(): NodeJS.ProcessEnv {
  const { BULKHEAD_TOKEN: _secret, ...environment } = process.env;
  return environment;
}
