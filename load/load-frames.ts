/** What the main thread of a load and its workers say to each other. */
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
  /** All workers' sessions are open: make calls that don't count, for as long as the plan says. */
  | { readonly type: 'warm-up' }
  /** Make calls. */
  | { readonly type: 'hold' }
  /** All workers' calls are settled: leave. */
  | { readonly type: 'leave' }
  /** The run is broken off: come to the end of what is under way. */
  | { readonly type: 'stop' };

export type FromLoadWorker =
  /** The ramp is over. */
  | { readonly type: 'opened'; readonly openSessions: number }
  | { readonly type: 'warmed-up' }
  | { readonly type: 'second'; readonly tally: SecondTally }
  /** The hold is over, and every call has been settled. */
  | {
      readonly type: 'held';
      readonly utilisation: number;
      readonly holdMs: number;
      readonly openSessions: number;
    }
  /** All sessions have been left; the last frame. */
  | { readonly type: 'left'; readonly totals: RecorderTotals };
