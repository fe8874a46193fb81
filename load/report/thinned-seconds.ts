/** Long runs have more seconds than a chart has pixels. */
import type { SecondReport } from '../load-report.js';

/** Like `SecondReport`, but for several seconds. */
export interface SecondsReport {
  /** Seconds since the start of the run. */
  readonly from: number;
  readonly to: number;
  /** Per second, on average. */
  readonly answered: number;
  readonly errors: number;
  /** The median of the seconds' medians. */
  readonly p50Ms: number | null;
  /** The highest of the seconds' values. */
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** At the end of the group. */
  readonly sessions: number;
}

/** At most `most` groups of neighbouring seconds. No peak of latency is lost. */
export function thinned(seconds: readonly SecondReport[], most: number): SecondsReport[] {
  const size = Math.max(1, Math.ceil(seconds.length / most));
  return Array.from({ length: Math.ceil(seconds.length / size) }, (_, index) =>
    grouped(seconds.slice(index * size, (index + 1) * size)),
  );
}

function grouped(seconds: readonly SecondReport[]): SecondsReport {
  const sum = (read: (second: SecondReport) => number) => seconds.reduce((all, each) => all + read(each), 0);
  const sorted = (read: (second: SecondReport) => number | null) =>
    seconds.flatMap((second) => read(second) ?? []).sort((one, other) => one - other);
  const medians = sorted(({ p50Ms }) => p50Ms);
  return {
    from: seconds[0]?.second ?? 0,
    to: (seconds.at(-1)?.second ?? 0) + 1,
    answered: sum(({ answered }) => answered) / seconds.length,
    errors: sum(({ errors }) => errors) / seconds.length,
    p50Ms: medians[Math.floor((medians.length - 1) / 2)] ?? null,
    p99Ms: sorted(({ p99Ms }) => p99Ms).at(-1) ?? null,
    maxMs: sorted(({ maxMs }) => maxMs).at(-1) ?? null,
    sessions: seconds.at(-1)?.sessions ?? 0,
  };
}
