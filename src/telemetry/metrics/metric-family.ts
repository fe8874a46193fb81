/**
 * All that is known of one metric of the server module: each live thread's last series, and what threads that
 * are gone have counted. Threads come and go; what has been counted stays.
 */
import type { ModuleMetric, ModuleSample } from './module-metric.js';

type Samples = readonly ModuleSample[];

/** How many series all families together may have; lines of the exposition, so a histogram has many. */
export class SeriesBudget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

export class MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: ModuleMetric['type'];
  readonly aggregator: string;
  #labelNames: string | undefined;
  #bounds: string | undefined;
  readonly #budget: SeriesBudget;
  readonly #live = new Map<number, Map<string, Samples>>();
  readonly #retired = new Map<string, Samples>();
  /** How many threads hold a series, and one more where it has a retired total. */
  readonly #references = new Map<string, number>();

  constructor(metric: ModuleMetric, budget: SeriesBudget) {
    this.name = metric.name;
    this.help = metric.help;
    this.type = metric.type;
    this.aggregator = metric.aggregator;
    this.#budget = budget;
  }

  /** Whether the metric is the same one that other threads have: adding up different things is worse than none. */
  matches(metric: ModuleMetric): boolean {
    return (
      metric.type === this.type &&
      metric.aggregator === this.aggregator &&
      agree(metric.labelNames, this.#labelNames) &&
      (metric.labelNames === undefined || agree(metric.bounds, this.#bounds))
    );
  }

  /** Replaces the thread's last report. Returns how many series were over the limit. */
  report(thread: number, metric: ModuleMetric): number {
    if (metric.labelNames !== undefined) {
      this.#labelNames ??= metric.labelNames;
      this.#bounds ??= metric.bounds;
    }
    const before = this.#live.get(thread);
    const now = new Map<string, Samples>();
    let refused = 0;
    for (const [key, samples] of metric.series) {
      const last = before?.get(key);
      if (last !== undefined) {
        const lost = this.#lostBetween(last, samples);
        if (lost !== undefined) this.#fold(key, lost);
      } else if (!this.#acquire(key, samples.length)) {
        refused += 1;
        continue;
      }
      now.set(key, samples);
    }
    for (const [key, last] of before ?? []) {
      if (!now.has(key)) this.#giveUp(key, last);
    }
    this.#live.set(thread, now);
    return refused;
  }

  /** The thread is gone, or no longer has the metric: what it counted goes into the retired totals. */
  retire(thread: number): void {
    const last = this.#live.get(thread);
    if (last === undefined) return;
    this.#live.delete(thread);
    for (const [key, samples] of last) this.#giveUp(key, samples);
  }

  /** Nobody reports it, and nothing was counted. */
  get isEmpty(): boolean {
    return this.#live.size === 0 && this.#retired.size === 0;
  }

  /** One metric for each thread and one for the retired totals, as `AggregatorRegistry.aggregate` takes them. */
  parts(): { name: string; help: string; type: string; aggregator: string; values: ModuleSample[] }[] {
    const { name, help, type, aggregator } = this;
    const sources = [this.#retired, ...this.#live.values()].filter((source) => source.size > 0);
    return sources.map((source) => ({ name, help, type, aggregator, values: [...source.values()].flat() }));
  }

  #giveUp(key: string, samples: Samples): void {
    if (this.type !== 'gauge') this.#fold(key, samples);
    this.#release(key, samples.length);
  }

  /**
   * What the new report no longer holds of the last one. A module may reset its metrics, and then they count from
   * 0 again, as those of any restarted process. A sum that falls alone may also come of a negative observation:
   * then just the fall is made up for, because `rate` takes every fall for a restart; where a bucket has a
   * negative bound, falling is what the sum is meant to do.
   */
  #lostBetween(last: Samples, samples: Samples): Samples | undefined {
    if (this.type === 'gauge') return undefined;
    const sum = `${this.name}_sum`;
    const fallen = last.filter((sample, index) => (samples[index]?.value ?? 0) < sample.value);
    if (fallen.length === 0) return undefined;
    const onlySumFell = fallen.every(({ metricName }) => metricName === sum);
    if (!onlySumFell || this.aggregator === 'max') return last;
    if (Number(last[0]?.labels.le) < 0) return undefined;
    return last.map((sample, index) => {
      const value = sample.metricName === sum ? sample.value - (samples[index]?.value ?? 0) : 0;
      return { ...sample, value };
    });
  }

  #fold(key: string, samples: Samples): void {
    const total = this.#retired.get(key);
    if (total === undefined) {
      this.#retired.set(key, samples);
      this.#references.set(key, (this.#references.get(key) ?? 0) + 1);
      return;
    }
    const add = this.aggregator === 'max' ? Math.max : plus;
    this.#retired.set(
      key,
      total.map((sample, index) => ({ ...sample, value: add(sample.value, samples[index]?.value ?? 0) })),
    );
  }

  #acquire(key: string, lines: number): boolean {
    const references = this.#references.get(key) ?? 0;
    if (references === 0) {
      if (this.#budget.used + lines > this.#budget.limit) return false;
      this.#budget.used += lines;
    }
    this.#references.set(key, references + 1);
    return true;
  }

  #release(key: string, lines: number): void {
    const references = (this.#references.get(key) ?? 0) - 1;
    if (references > 0) {
      this.#references.set(key, references);
      return;
    }
    this.#references.delete(key);
    this.#budget.used -= lines;
  }
}

function agree(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

function plus(one: number, other: number): number {
  return one + other;
}
