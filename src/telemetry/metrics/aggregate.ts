/**
 * Sums the metrics of all session threads. A thread reports its whole registry, and each report replaces its previous
 * one. When the thread exits, its counters, histograms and summaries are added to the totals of ended threads, and its
 * gauges are dropped. So no counter ever falls. All data is on the main thread: nothing here waits for a session
 * thread.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { MetricSnapshot } from '../../shared/frames/from-worker.js';
import type { ExposedMetric } from './exposition.js';
import { MetricFamily, SeriesBudget } from './metric-family.js';
import { type MetricRejectionReason, type ModuleMetric, parseModuleMetric } from './module-metric.js';

/** Samples that are added in one turn of the event loop, at about 1 µs each. */
const SAMPLES_PER_TURN = 3_000;

export interface ModuleMetricsOptions {
  /** Maximum number of series over all threads, counted in lines of the exposition. */
  readonly maxSeries: number;
  /** Called for each metric that is not accepted, with the number of its series, at each report that contains it. */
  readonly onRejected: (rejection: {
    readonly reason: MetricRejectionReason;
    readonly name: string;
    readonly count: number;
  }) => void;
}

export class ModuleMetrics {
  readonly #families = new Map<string, MetricFamily>();
  /** Which metric writes a line of this name: `calls` and `calls_total` are the same counter in OpenMetrics. */
  readonly #lineOwners = new Map<string, string>();
  readonly #namesOfThread = new Map<number, ReadonlySet<string>>();
  readonly #budget: SeriesBudget;
  readonly #onRejected: ModuleMetricsOptions['onRejected'];

  constructor({ maxSeries, onRejected }: ModuleMetricsOptions) {
    this.#budget = new SeriesBudget(maxSeries);
    this.#onRejected = onRejected;
  }

  get series(): { readonly current: number; readonly limit: number } {
    return { current: this.#budget.used, limit: this.#budget.limit };
  }

  /** Accepts a thread's report in place of its previous one. Never throws, whatever the report contains. */
  report(thread: number, snapshot: MetricSnapshot): void {
    if (!Array.isArray(snapshot)) {
      this.#reject('malformed', '');
      return;
    }
    const names = new Set<string>();
    for (const raw of snapshot) {
      const parsed = parseModuleMetric(raw);
      if ('metric' in parsed) {
        if (names.has(parsed.metric.name)) this.#reject('malformed', parsed.metric.name);
        else this.#admit(thread, parsed.metric);
        names.add(parsed.metric.name);
      } else {
        if ('rejected' in parsed) this.#reject(parsed.rejected, parsed.name);
        names.add(parsed.name);
      }
    }
    for (const name of this.#namesOfThread.get(thread) ?? []) {
      if (!names.has(name)) this.#retireFrom(name, thread);
    }
    this.#namesOfThread.set(thread, names);
  }

  /** The thread has exited. */
  retire(thread: number): void {
    for (const name of this.#namesOfThread.get(thread) ?? []) this.#retireFrom(name, thread);
    this.#namesOfThread.delete(thread);
  }

  /** All families, summed. Lets the event loop run in between if there is much to add. */
  async collect(): Promise<ExposedMetric[]> {
    const collected: ExposedMetric[] = [];
    let samples = 0;
    for (const name of [...this.#families.keys()]) {
      const parts = this.#families.get(name)?.parts() ?? [];
      if (parts.length === 0) continue;
      const registry = AggregatorRegistry.aggregate(parts.map((part) => [part]));
      collected.push(...((await registry.getMetricsAsJSON()) as unknown as ExposedMetric[]));
      samples += parts.reduce((total, part) => total + part.values.length, 0);
      if (samples >= SAMPLES_PER_TURN) {
        samples = 0;
        await nextTurn();
      }
    }
    return collected;
  }

  #admit(thread: number, metric: ModuleMetric): void {
    const known = this.#families.get(metric.name);
    if (known !== undefined && !known.matches(metric)) {
      this.#reject('conflict', metric.name);
      return;
    }
    if (known === undefined && this.#families.size >= this.#budget.limit) {
      this.#reject('series_limit', metric.name);
      return;
    }
    const family = known ?? this.#add(metric);
    if (family === undefined) {
      this.#reject('conflict', metric.name);
      return;
    }
    const overLimit = family.report(thread, metric);
    if (overLimit > 0) this.#reject('series_limit', metric.name, overLimit);
  }

  /** `undefined` if another metric already writes lines of the same name. */
  #add(metric: ModuleMetric): MetricFamily | undefined {
    const lines = linesOf(metric);
    if (lines.some((line) => this.#lineOwners.has(line))) return undefined;
    const family = new MetricFamily(metric, this.#budget);
    this.#families.set(metric.name, family);
    for (const line of lines) this.#lineOwners.set(line, metric.name);
    return family;
  }

  #retireFrom(name: string, thread: number): void {
    const family = this.#families.get(name);
    if (family === undefined) return;
    family.retire(thread);
    if (!family.isEmpty) return;
    this.#families.delete(name);
    for (const line of linesOf(family)) this.#lineOwners.delete(line);
  }

  #reject(reason: MetricRejectionReason, name: string, count = 1): void {
    this.#onRejected({ reason, name, count });
  }
}

/** The names of all lines that a metric writes, in either format. */
function linesOf({ name, type }: Pick<ModuleMetric, 'name' | 'type'>): string[] {
  if (type === 'counter') {
    const base = name.replace(/_total$/, '');
    return [base, `${base}_total`];
  }
  if (type === 'gauge') return [name];
  const lines = [name, `${name}_sum`, `${name}_count`];
  return type === 'histogram' ? [...lines, `${name}_bucket`] : lines;
}
