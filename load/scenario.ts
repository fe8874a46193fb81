/** What a scenario is: a gateway, the loads that it is put under, and what must hold. */

import type { MixEntry } from './load-plan.js';
import type { ExpectationResult, LoadReport } from './load-report.js';
import type { RunningGateway } from './runner/running-gateway.js';

/** How long and how big the scenarios are. */
export interface Scale {
  /** The form for continuous integration: all scenarios in three minutes. */
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
  /** Besides `--duration`, `--mix`, `--expect`, `--out`, `--report`, `--pid` and `--metrics`. */
  readonly flags: readonly string[];
  readonly mix: readonly MixEntry[];
  /** Thresholds, as `--expect` takes them. */
  readonly expect: readonly string[];
}

/** Runs that go on at the same time. */
export interface Phase {
  readonly runs: readonly LoadRun[];
  /**
   * Whether the runs watch the gateway's process, and, when a run is alone, compare the gateway's metrics with its own
   * counts. Not where the gateway is started anew in between, since both begin again then.
   */
  readonly watched: boolean;
  /** What happens besides, `afterMs` from the start of the phase. */
  readonly meanwhile?: { readonly afterMs: number; act(gateway: RunningGateway): Promise<void> };
}

/** What a scenario's own checks look at. */
interface Outcome {
  readonly gateway: RunningGateway;
  /** @throws {Error} when there was no such run. */
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
  /** What the thresholds of a single run can't say. */
  checks?(outcome: Outcome): Promise<readonly ExpectationResult[]>;
}

/** A call whose answer holds the session's own token, so that a mix-up shows. */
export const ECHO: MixEntry = { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 1 };
