/**
 * One metric as a session thread reports it, checked. A snapshot is data from a user's module: nothing in it is
 * trusted, and nothing in it makes this throw.
 */
import { isFields } from '../../shared/fields.js';

type ModuleMetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** Why a metric or a series of a server module is not served; a metric label. */
export type MetricRejectionReason =
  | 'malformed'
  | 'reserved_name'
  | 'aggregator'
  | 'conflict'
  | 'series_limit';

/** One line of the exposition, in prom-client's form. */
export interface ModuleSample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ModuleMetric {
  readonly name: string;
  readonly help: string;
  readonly type: ModuleMetricType;
  readonly aggregator: string;
  /** What must be the same in every thread: label names (unknown while there is no series) and bucket bounds. */
  readonly labelNames: string | undefined;
  readonly bounds: string;
  /** By label values. The samples of a series have the same order in each snapshot. */
  readonly series: ReadonlyMap<string, readonly ModuleSample[]>;
}

export type ParsedMetric =
  | { readonly metric: ModuleMetric }
  /** The module asked for this with `aggregator: 'omit'`. */
  | { readonly omitted: true; readonly name: string }
  | { readonly rejected: MetricRejectionReason; readonly name: string };

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/;
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,199}$/;
const MAX_LABEL_VALUE_LENGTH = 1024;
const MAX_HELP_LENGTH = 1000;
const RESERVED_PREFIXES = ['bulkhead_', 'mcp_server_', 'process_', 'nodejs_'];
const AGGREGATORS = ['sum', 'first', 'omit', 'average', 'min', 'max'];
/** The only aggregators with which an aggregated counter cannot fall when a thread starts or ends. */
const GROWING_AGGREGATORS = ['sum', 'max'];

/** Reads one element of a snapshot. */
export function parseModuleMetric(raw: unknown): ParsedMetric {
  if (!isFields(raw) || typeof raw.name !== 'string') return { rejected: 'malformed', name: '' };
  if (!METRIC_NAME.test(raw.name)) return { rejected: 'malformed', name: raw.name.slice(0, 200) };
  const { name, type } = raw;
  if (RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) return { rejected: 'reserved_name', name };
  if (!isMetricType(type) || !Array.isArray(raw.values)) return { rejected: 'malformed', name };

  const aggregator = raw.aggregator ?? 'sum';
  if (typeof aggregator !== 'string' || !AGGREGATORS.includes(aggregator)) {
    return { rejected: 'aggregator', name };
  }
  if (aggregator === 'omit') return { omitted: true, name };
  if (type !== 'gauge' && !GROWING_AGGREGATORS.includes(aggregator)) return { rejected: 'aggregator', name };

  const read =
    type === 'counter' || type === 'gauge'
      ? readSimpleSeries(raw.values, type)
      : readDistribution(name, raw.values, type);
  if (read === undefined) return { rejected: 'malformed', name };
  return { metric: { name, help: readHelp(raw.help), type, aggregator, ...read } };
}

type Series = Pick<ModuleMetric, 'labelNames' | 'bounds' | 'series'>;

function readSimpleSeries(values: readonly unknown[], type: 'counter' | 'gauge'): Series | undefined {
  const series = new Map<string, readonly ModuleSample[]>();
  const labelNames = new Set<string>();
  for (const raw of values) {
    const sample = readSample(raw);
    if (sample === undefined || (type === 'counter' && !isCount(sample.value))) return undefined;
    for (const labelName of Object.keys(sample.labels)) labelNames.add(labelName);
    series.set(keyOf(sample.labels), [{ labels: sample.labels, value: sample.value }]);
  }
  return { labelNames: joined(labelNames, series.size), bounds: '', series };
}

interface Distribution {
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets: ModuleSample[];
  sum: number | undefined;
  count: number | undefined;
}

/** Histograms; of summaries only sum and count, because quantiles of several threads cannot be added up. */
function readDistribution(
  name: string,
  values: readonly unknown[],
  type: 'histogram' | 'summary',
): Series | undefined {
  const distributions = new Map<string, Distribution>();
  const labelNames = new Set<string>();
  for (const raw of values) {
    const sample = readSample(raw);
    if (sample === undefined) return undefined;
    const { metricName, value } = sample;
    const { le, ...labels } = sample.labels;
    if (type === 'summary' && metricName === undefined) continue;

    const key = keyOf(labels);
    let distribution = distributions.get(key);
    if (distribution === undefined) {
      distribution = { labels, buckets: [], sum: undefined, count: undefined };
      distributions.set(key, distribution);
      for (const labelName of Object.keys(labels)) labelNames.add(labelName);
    }
    if (metricName === `${name}_sum` && Number.isFinite(value)) distribution.sum = value;
    else if (metricName === `${name}_count` && isCount(value)) distribution.count = value;
    else if (metricName === `${name}_bucket` && type === 'histogram' && le !== undefined && isCount(value)) {
      distribution.buckets.push({ metricName, labels: sample.labels, value });
    } else return undefined;
  }

  const series = new Map<string, readonly ModuleSample[]>();
  let bounds: string | undefined;
  for (const [key, { labels, buckets, sum, count }] of distributions) {
    if (sum === undefined || count === undefined) return undefined;
    if (buckets.some((bucket) => Number.isNaN(boundOf(bucket)))) return undefined;
    buckets.sort((left, right) => boundOf(left) - boundOf(right));
    const own = buckets.map((bucket) => bucket.labels.le).join(' ');
    if (type === 'histogram' && (!own.endsWith('+Inf') || (bounds !== undefined && bounds !== own))) {
      return undefined;
    }
    bounds = own;
    series.set(key, [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]);
  }
  return { labelNames: joined(labelNames, series.size), bounds: bounds ?? '', series };
}

function readSample(
  raw: unknown,
): { metricName: string | undefined; labels: Record<string, string>; value: number } | undefined {
  if (!isFields(raw) || typeof raw.value !== 'number' || Number.isNaN(raw.value)) return undefined;
  const metricName = raw.metricName ?? undefined;
  if (metricName !== undefined && typeof metricName !== 'string') return undefined;
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(isFields(raw.labels) ? raw.labels : {})) {
    if (!LABEL_NAME.test(name) || typeof value === 'object' || typeof value === 'symbol') return undefined;
    if (value === undefined) continue;
    labels[name] = String(value);
    if ((labels[name] ?? '').length > MAX_LABEL_VALUE_LENGTH) return undefined;
  }
  return { metricName, labels, value: raw.value };
}

/**
 * A quote must be escaped in OpenMetrics and must not be escaped in the Prometheus text format, so quotes are removed.
 */
function readHelp(help: unknown): string {
  const text = typeof help === 'string' ? help.slice(0, MAX_HELP_LENGTH) : '';
  return text.replaceAll('"', "'").replace(/[\p{Cc}]+/gu, ' ');
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels);
  if (entries.length > 1) entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(entries);
}

function joined(labelNames: ReadonlySet<string>, series: number): string | undefined {
  return series === 0 ? undefined : [...labelNames].sort().join(' ');
}

function boundOf(bucket: ModuleSample): number {
  return bucket.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket.labels.le);
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function isMetricType(type: unknown): type is ModuleMetricType {
  return type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary';
}
