/**
 * Reports the module's own metrics to the main thread, so that a scrape does not have to ask a thread. At most once a
 * second, after a handler has settled, and from time to time for what changes outside of handlers.
 */
import type { Registry } from 'prom-client';
import type { FromWorkerFrame, MetricSnapshot } from '../../src/shared/frames/from-worker.js';
import { clockMs } from './clock.js';
import type { ModuleLog } from './module-log.js';

const MIN_INTERVAL_MS = 1000;
const IDLE_INTERVAL_MS = 10_000;
/** The main thread clones and reads all of them, for every session. */
const MAX_SAMPLES = 2_000;

export class MetricsReporter {
  readonly registry: Registry;
  readonly #post: (frame: FromWorkerFrame) => void;
  #due: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  readonly #log: ModuleLog;
  #tooManyTold = false;

  constructor(post: (frame: FromWorkerFrame) => void, log: ModuleLog) {
    this.#post = post;
    this.#log = log;
    // Loaded when a module first asks for it: most have no metrics, and it would slow down the start of every thread.
    const prometheus = require('prom-client') as typeof import('prom-client');
    this.registry = new prometheus.Registry();
    setInterval(() => void this.flush(), IDLE_INTERVAL_MS).unref();
  }

  changed(): void {
    if (this.#due !== undefined) return;
    const waitMs = Math.max(0, this.#lastMs + MIN_INTERVAL_MS - clockMs());
    this.#due = setTimeout(() => void this.flush(), waitMs).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#lastMs = clockMs();
    const metrics = (await this.registry.getMetricsAsJSON()) as unknown as MetricSnapshot;
    if (metrics.length === 0) return;
    const samples = metrics.reduce((sum, { values }) => sum + (Array.isArray(values) ? values.length : 0), 0);
    if (samples <= MAX_SAMPLES) return this.#post({ type: 'metrics', metrics });
    if (this.#tooManyTold) return;
    this.#tooManyTold = true;
    const message = `session.metrics has ${samples} samples, more than ${MAX_SAMPLES}: they are not reported; use fewer labels`;
    this.#log.write('session', 'error', message, undefined);
  }
}
