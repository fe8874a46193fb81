/** The messages between the main thread of a load and its workers. */
import type { LoadPlan } from './load-plan.js';
import type { RecorderTotals, SecondTally } from './recorder.js';
import type { Share } from './share.js';

/** `workerData`. */
export interface LoadWorkerData {
  readonly plan: LoadPlan;
  readonly share: Share;
  readonly runId: string;
  /** The harness's version, for `clientInfo`. */
  readonly version: string;
}

export type ToLoadWorker =
  /** All workers' sessions are open: make calls that are not counted, for the planned time. */
  | { readonly type: 'warm-up' }
  /** Make calls. */
  | { readonly type: 'hold' }
  /** All workers' calls are settled: end the sessions. */
  | { readonly type: 'leave' }
  /** The run ends early: finish what is in progress. */
  | { readonly type: 'stop' };

export type FromLoadWorker =
  /** The ramp is over. */
  | { readonly type: 'opened'; readonly openSessions: number }
  | { readonly type: 'warmed-up' }
  | { readonly type: 'second'; readonly tally: SecondTally }
  /** The hold is over, and every call has settled. */
  | {
      readonly type: 'held';
      readonly utilisation: number;
      readonly holdMs: number;
      readonly openSessions: number;
    }
  /** All sessions have ended; the last frame. */
  | { readonly type: 'left'; readonly totals: RecorderTotals };
