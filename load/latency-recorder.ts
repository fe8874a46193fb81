/** Latencies in an HDR histogram: Node's own, which can be sent between threads and added up. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Latency } from './load-report.js';

const MICROSECONDS_PER_MS = 1_000;
/** An hour. */
const HIGHEST_US = 3_600_000_000;
const SIGNIFICANT_FIGURES = 3;

export function latencyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: HIGHEST_US, figures: SIGNIFICANT_FIGURES });
}

export function recordMs(histogram: RecordableHistogram, milliseconds: number): void {
  const microseconds = Math.round(milliseconds * MICROSECONDS_PER_MS);
  histogram.record(Math.min(HIGHEST_US, Math.max(1, microseconds)));
}

/** A percentile from 0 to 100 in milliseconds; `null` if nothing was recorded. */
export function percentileMs(histogram: RecordableHistogram, percentile: number): number | null {
  return histogram.count === 0 ? null : histogram.percentile(percentile) / MICROSECONDS_PER_MS;
}

export function maxMs(histogram: RecordableHistogram): number | null {
  return histogram.count === 0 ? null : histogram.max / MICROSECONDS_PER_MS;
}

export function latencyOf(histogram: RecordableHistogram): Latency {
  return {
    count: histogram.count,
    meanMs: histogram.count === 0 ? null : histogram.mean / MICROSECONDS_PER_MS,
    p50Ms: percentileMs(histogram, 50),
    p90Ms: percentileMs(histogram, 90),
    p99Ms: percentileMs(histogram, 99),
    p999Ms: percentileMs(histogram, 99.9),
    maxMs: maxMs(histogram),
  };
}

/** The sum of histograms, in a new one. */
export function added(histograms: readonly RecordableHistogram[]): RecordableHistogram {
  const sum = latencyHistogram();
  for (const histogram of histograms) if (histogram.count > 0) sum.add(histogram);
  return sum;
}
