/** How piscina runs session threads: their V8 limits, their environment, their priority. */
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import type { SessionThreadData } from '../shared/frames.js';

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
  readonly maxThreads: number;
  readonly threadHeapMb: number;
  readonly threadNice: number;
}

/** A pool without threads; each task that it is given gets a thread of its own. */
export function createThreads(settings: ThreadSettings, workerData: SessionThreadData): Piscina {
  const { maxThreads, threadHeapMb, threadNice } = settings;
  // With any flag that is not its default, V8 refuses the code cache of Node's own modules, which is a seventh of a thread's start;
  // see ADR 10. As a flag of the command line this one would also win over the limit below, and each thread could take what was meant
  // for the main thread: with 32, 64 MiB. The main thread has read it by now.
  setFlagsFromString('--max-semi-space-size=0');
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
