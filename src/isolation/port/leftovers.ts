/** Ends what dead gateways left behind, in a thread that lives as long as this takes. */
import { Worker } from 'node:worker_threads';
import type { LeftoverReport } from '../../shared/leftovers.js';
import { HAS_PROCESS_TABLE } from '../../shared/process-table.js';

const ENTRY = new URL('../../../workers/leftovers.cjs', import.meta.url);

/** A program may start any number of gateways. What it has searched, it need not search again at once. */
const PAUSE_MS = 60_000;
let searchedMs = Number.NEGATIVE_INFINITY;

export interface LeftoverSearch {
  /**
   * `undefined` if it was stopped.
   * @rejects if the system provides no thread, or does not let it search
   */
  readonly report: Promise<LeftoverReport | undefined>;
  /** Resolves when its thread is gone. What it has not found yet, the next gateway finds. */
  stop(): Promise<void>;
}

/** @returns `undefined` if this process has just searched, or cannot know what was left: on systems without /proc */
export function searchLeftovers(): LeftoverSearch | undefined {
  const nowMs = performance.now();
  if (!HAS_PROCESS_TABLE || nowMs - searchedMs < PAUSE_MS) return undefined;
  searchedMs = nowMs;
  let worker: Worker;
  try {
    worker = new Worker(ENTRY, { name: 'leftovers' });
  } catch (error) {
    return { report: Promise.reject(error), stop: async () => {} };
  }
  // A program whose gateway is closed may end.
  worker.unref();
  let found: LeftoverReport | undefined;
  const report = new Promise<LeftoverReport | undefined>((resolve, reject) => {
    worker.once('message', (message: LeftoverReport) => {
      found = message;
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      if (found === undefined) searchedMs = Number.NEGATIVE_INFINITY;
      resolve(found);
    });
  });
  return {
    report,
    stop: async () => {
      await worker.terminate();
    },
  };
}
