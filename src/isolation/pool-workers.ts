/** The workers of one pool, and how many of them are in which state. */
import { THREAD_STATES, type ThreadState } from '../telemetry/snapshot.js';
import type { SessionWorker } from './worker.js';
import { shownState } from './worker-states.js';

/** How many stuck workers do not count for `max-threads`: a quarter of that, and 8 at least. */
function maxStuckWorkers(maxThreads: number): number {
  return Math.max(8, Math.ceil(maxThreads / 4));
}

export class PoolWorkers<Worker extends SessionWorker> extends Set<Worker> {
  states(): Record<ThreadState, number> {
    const states = Object.fromEntries(THREAD_STATES.map((state) => [state, 0])) as Record<
      ThreadState,
      number
    >;
    for (const worker of this) {
      const state = shownState(worker.state);
      if (state !== undefined) states[state] += 1;
    }
    return states;
  }

  /** Those that will soon be gone. */
  get leaving(): number {
    let leaving = 0;
    for (const { state } of this)
      if (state === 'falling_asleep' || state === 'ending' || state === 'terminating') leaving += 1;
    return leaving;
  }

  /** Those that a native call holds. */
  get stuck(): number {
    let stuck = 0;
    for (const { state } of this) if (state === 'stuck') stuck += 1;
    return stuck;
  }

  /**
   * Those that count towards `max-threads`. Stuck ones do no work and cannot be ended. They count only beyond a limit,
   * so that a module that always gets stuck cannot fill the process with threads.
   */
  counted(maxThreads: number): number {
    return this.size - Math.min(this.stuck, maxStuckWorkers(maxThreads));
  }

  /** Whether no place is left because of those that are stuck. */
  isFullOfStuck(maxThreads: number): boolean {
    return this.stuck >= maxThreads + maxStuckWorkers(maxThreads);
  }
}
