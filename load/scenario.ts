/** A scenario: a gateway, the loads that are applied to it, and the thresholds. */

import type { MixEntry } from './load-plan.js';
import type { Judgement, LoadReport } from './load-report.js';
import type { RunningGateway } from './runner/running-gateway.js';

/** Duration and size of the scenarios. */
export interface Scale {
  /** The form for continuous integration: all scenarios within three minutes. */
  readonly quick: boolean;
  /** How long the soak holds. */
  readonly soakMs: number;
}

/** One run of `bulkhead load`. */
export interface LoadRun {
  /** Names the files of its report. */
  readonly name: string;
  readonly durationMs: number;
  /** How long after the start of its phase it begins. */
  readonly afterMs?: number;
  /** Flags in addition to `--duration`, `--mix`, `--expect`, `--out`, `--report`, `--pid` and `--metrics`. */
  readonly flags: readonly string[];
  readonly mix: readonly MixEntry[];
  /** Thresholds, in the notation of `--expect`. */
  readonly expect: readonly string[];
}

/** Runs that happen at the same time. */
export interface Phase {
  readonly runs: readonly LoadRun[];
  /**
   * Whether the runs observe the gateway's process and, if a run is alone, compare the gateway's metrics with its own
   * counts. Not possible if the gateway is restarted in between, because both then start again.
   */
  readonly watched: boolean;
  /** Something else that happens `afterMs` after the start of the phase. */
  readonly meanwhile?: { readonly afterMs: number; act(gateway: RunningGateway): Promise<void> };
}

/** What a scenario's own checks can use. */
interface Outcome {
  readonly gateway: RunningGateway;
  /** @throws {Error} if there was no such run */
  report(run: string): LoadReport;
}

export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly shows: string;
  /** Flags of `bulkhead serve`. */
  readonly gatewayFlags: readonly string[];
  /** One after another. */
  phases(scale: Scale): readonly Phase[];
  /** Checks that thresholds of a single run cannot express. */
  checks?(outcome: Outcome): Promise<readonly Judgement[]>;
}

/** A call whose answer contains the session's own token, so that a mix-up is noticed. */
export const ECHO: MixEntry = { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 1 };
