/**
 * A histogram whose `observe` neither allocates nor hashes. prom-client's own takes 670 ns for an observation with five
 * labels, even through `labels()`, because it checks and joins the labels each time. At 20,000 requests a second that
 * is more than one percent of the main thread. This one takes a few nanoseconds, and gives prom-client the same data at
 * a scrape.
 */
import type { Histogram, Registry } from 'prom-client';

export interface FastHistogramChild {
  /** @param seconds a finite number; anything else is not counted */
  observe(seconds: number): void;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

class Child implements FastHistogramChild {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Readonly<Record<string, string>>, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    if (!Number.isFinite(seconds)) return;
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] as number)) index += 1;
    this.counts[index] = (this.counts[index] as number) + 1;
    this.sum += seconds;
  }
}

export interface FastHistogramConfiguration {
  readonly name: string;
  readonly help: string;
  /** Upper bounds in seconds, ascending, without infinity. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

export class FastHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #bounds: readonly number[];
  readonly #children: Child[] = [];

  constructor({ name, help, buckets, registry }: FastHistogramConfiguration) {
    this.name = name;
    this.help = help;
    this.#bounds = buckets;
    // A registry only needs a metric's name, type and `get`, but its type requires the concrete classes.
    registry.registerMetric(this as unknown as Histogram);
  }

  /** A new child. The caller keeps it, and asks only once for each set of label values. */
  child(labels: Readonly<Record<string, string>>): FastHistogramChild {
    const child = new Child(labels, this.#bounds);
    this.#children.push(child);
    return child;
  }

  /** What prom-client's `Histogram.get` returns. */
  async get() {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#children.flatMap((child) => this.#samples(child)) };
  }

  #samples(child: Child): Sample[] {
    let cumulative = 0;
    const samples: Sample[] = [];
    child.counts.forEach((count, index) => {
      cumulative += count;
      const labels = { le: this.#bounds[index] ?? '+Inf', ...child.labels };
      samples.push({ metricName: `${this.name}_bucket`, labels, value: cumulative });
    });
    samples.push({ metricName: `${this.name}_sum`, labels: { ...child.labels }, value: child.sum });
    samples.push({ metricName: `${this.name}_count`, labels: { ...child.labels }, value: cumulative });
    return samples;
  }
}
