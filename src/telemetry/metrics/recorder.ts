/**
 * The metrics of the gateway: counts events, reads the gauges at a scrape, and adds what session threads count for
 * their modules. A scrape waits for no session thread.
 */
import { Registry, type RegistryContentType } from 'prom-client';
import type { GatewayEmitter } from '../events.js';
import type { GatewayView } from '../snapshot.js';
import { ModuleMetrics } from './aggregate.js';
import { createCatalogue } from './catalogue.js';
import { EventLoopDelayMonitor } from './event-loop-delay.js';
import { type ExposedMetric, expose, negotiate } from './exposition.js';
import { readGauges } from './gauges.js';
import { RELOAD_RESULTS } from './labels.js';
import { createListeners } from './listeners.js';
import type { MetricRejectionReason } from './module-metric.js';
import { principalListeners } from './principal-metrics.js';
import { registerProcessMetrics } from './process-metrics.js';

const DEFAULT_MAX_MODULE_SERIES = 5000;
/**
 * How many names are remembered for which a notice was logged: a module that makes up names must not fill the memory.
 */
const MAX_NOTICES = 100;

export interface MetricsOptions {
  readonly events: GatewayEmitter;
  readonly view: GatewayView;
  /** The tools of the server module: only these become label values. */
  readonly knownTools: () => ReadonlySet<string>;
  /** Principals whose requests are counted on their own: subjects, or issuers and subjects with a space between them. */
  readonly principals?: readonly string[];
  /** The gateway's own version. */
  readonly version: string;
  /** Maximum number of series of the server module's own metrics. */
  readonly maxModuleSeries?: number;
}

export interface Scrape {
  readonly contentType: RegistryContentType;
  readonly body: string;
}

export interface Metrics {
  /**
   * All metrics as text, in the format that the `Accept` header prefers.
   * @throws what `view.snapshot()` throws.
   */
  scrape(accept: string | undefined): Promise<Scrape>;
  /** Removes the listeners and stops the event-loop monitor. */
  close(): void;
}

/** Subscribes to the events and starts to count. */
export function createMetrics(options: MetricsOptions): Metrics {
  const { events, view, knownTools, version } = options;
  const registry = new Registry();
  const delay = new EventLoopDelayMonitor();
  const catalogue = createCatalogue(registry, () => {
    readGauges(catalogue, view.snapshot(), delay.read(), modules.series);
  });
  registerProcessMetrics(registry);
  catalogue.buildInfo.set({ version, node_version: process.versions.node }, 1);

  for (const { name: server } of view.servers())
    for (const result of RELOAD_RESULTS) catalogue.serverReloads.inc({ server, result }, 0);

  const noticed = new Set<string>();
  const modules = new ModuleMetrics({
    maxSeries: options.maxModuleSeries ?? DEFAULT_MAX_MODULE_SERIES,
    onRejected({ reason, name, count }) {
      catalogue.moduleMetricsRefused.inc({ reason }, count);
      if (noticed.has(name) || noticed.size >= MAX_NOTICES) return;
      noticed.add(name);
      const message = `A metric of the server module is not served: ${WHY_REJECTED[reason]}.`;
      events.emit('notice', { level: 'warn', message, fields: { metric: name, reason } });
    },
  });
  const unsubscribe = events.subscribe(createListeners(catalogue, modules, knownTools));
  const { principals = [] } = options;
  const unsubscribePrincipals =
    principals.length === 0 ? () => {} : events.subscribe(principalListeners(catalogue, principals));

  return {
    async scrape(accept) {
      const contentType = negotiate(accept);
      const own = (await registry.getMetricsAsJSON()) as unknown as ExposedMetric[];
      const body = await expose([...own, ...(await modules.collect())], contentType);
      return { contentType, body };
    },
    close() {
      unsubscribe();
      unsubscribePrincipals();
      delay.close();
    },
  };
}

const WHY_REJECTED: Readonly<Record<MetricRejectionReason, string>> = {
  malformed: 'it is not what prom-client makes of a registry',
  reserved_name: 'its name begins like those of the gateway',
  aggregator: 'with its aggregator a counter would go down when a session ends; use sum or max',
  conflict: 'another metric has its name, with another type, other labels or other buckets',
  series_limit: 'all modules together have reached the limit of series',
};
