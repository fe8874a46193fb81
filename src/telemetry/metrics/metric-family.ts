/**
 * Everything about one metric of the server module: the last series of each live thread, and the totals of ended
 * threads.
 */
import type { ModuleMetric, ModuleSample } from './module-metric.js';

type Samples = readonly ModuleSample[];

/** How many series all families together may have, counted in lines of the exposition, so a histogram has many. */
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
  /** How many threads have a series, plus one if it has a total of ended threads. */
  readonly #references = new Map<string, number>();

  constructor(metric: ModuleMetric, budget: SeriesBudget) {
    this.name = metric.name;
    this.help = metric.help;
    this.type = metric.type;
    this.aggregator = metric.aggregator;
    this.#budget = budget;
  }

  /**
   * Whether the metric is the same one that other threads have. Adding up different things is worse than adding
   * nothing.
   */
  matches(metric: ModuleMetric): boolean {
    return (
      metric.type === this.type &&
      metric.aggregator === this.aggregator &&
      agree(metric.labelNames, this.#labelNames) &&
      (metric.labelNames === undefined || agree(metric.bounds, this.#bounds))
    );
  }

  /** Replaces the thread's previous report. Returns how many series exceeded the limit. */
  report(thread: number, metric: ModuleMetric): number {
    if (metric.labelNames !== undefined) {
      this.#labelNames ??= metric.labelNames;
      this.#bounds ??= metric.bounds;
    }
    const before = this.#live.get(thread);
    const now = new Map<string, Samples>();
    let rejected = 0;
    for (const [key, samples] of metric.series) {
      const last = before?.get(key);
      if (last !== undefined) {
        const lost = this.#lostBetween(last, samples);
        if (lost !== undefined) this.#fold(key, lost);
      } else if (!this.#acquire(key, samples.length)) {
        rejected += 1;
        continue;
      }
      now.set(key, samples);
    }
    for (const [key, last] of before ?? []) {
      if (!now.has(key)) this.#giveUp(key, last);
    }
    this.#live.set(thread, now);
    return rejected;
  }

  /** The thread is gone, or no longer has the metric: its counts are added to the totals of ended threads. */
  retire(thread: number): void {
    const last = this.#live.get(thread);
    if (last === undefined) return;
    this.#live.delete(thread);
    for (const [key, samples] of last) this.#giveUp(key, samples);
  }

  /** Whether no thread reports it and nothing was counted. */
  get isEmpty(): boolean {
    return this.#live.size === 0 && this.#retired.size === 0;
  }

  /**
   * One metric for each thread and one for the totals of ended threads, in the form that `AggregatorRegistry.aggregate`
   * accepts.
   */
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
   * What the previous report had and the new one lacks. A module may reset its metrics; then they count from 0 again,
   * as after a restart of a process. A sum that falls alone may also come from a negative observation. Then only the
   * difference is compensated, because `rate` takes every fall for a restart. If a bucket has a negative bound, the sum
   * may fall.
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
