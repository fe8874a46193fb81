/** Writes metrics as text: in the Prometheus format, or in OpenMetrics if the scraper prefers it. */
import { type Metric, Registry, type RegistryContentType } from 'prom-client';

/** A metric as plain data: one element of prom-client's `getMetricsAsJSON()`. */
export interface ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly metricName?: string | undefined;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
  }[];
}

/** Which of the two formats an `Accept` header asks for (RFC 9110, section 12.5.1); Prometheus without one. */
export function negotiate(accept: string | undefined): RegistryContentType {
  const ranges = (accept ?? '').split(',').map(parseMediaRange);
  const quality = (type: string) => {
    const matching = ranges.filter((range) => range.type === type).map((range) => range.quality);
    return matching.length === 0 ? undefined : Math.max(...matching);
  };
  const openMetrics = quality('application/openmetrics-text') ?? 0;
  const named = quality('text/plain');
  const plain = named ?? quality('text/*') ?? quality('*/*') ?? 0;
  const preferred = named === undefined ? openMetrics >= plain : openMetrics > plain;
  return openMetrics > 0 && preferred ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
}

/** The text of all metrics. prom-client writes it. */
export async function expose(
  metrics: readonly ExposedMetric[],
  contentType: RegistryContentType,
): Promise<string> {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentType);
  const openMetrics = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  for (const metric of metrics) {
    const exposed = openMetrics ? toOpenMetrics(metric) : metric;
    // A registry only needs a metric's name, type and `get`, but its type requires the concrete classes.
    registry.registerMetric({ ...exposed, get: () => exposed } as unknown as Metric);
  }
  return registry.metrics();
}

/**
 * prom-client appends `_total` to each counter and removes the same ending from its name, but only for its own metrics,
 * and permanently, so that a later scrape in the other format would lack it. It also writes the bounds 1 and 10 where
 * OpenMetrics requires the floats 1.0 and 10.0.
 */
function toOpenMetrics(metric: ExposedMetric): ExposedMetric {
  if (metric.type === 'counter') return { ...metric, name: metric.name.replace(/_total$/, '') };
  if (metric.type !== 'histogram') return metric;
  const values = metric.values.map((sample) => {
    const { le } = sample.labels;
    if (le === undefined) return sample;
    return { ...sample, labels: { ...sample.labels, le: canonicalNumber(Number(le), String(le)) } };
  });
  return { ...metric, values };
}

/** OpenMetrics 1.0, "Considerations: Canonical Numbers". */
function canonicalNumber(value: number, text: string): string {
  if (!Number.isFinite(value)) return text;
  if (Math.abs(value) >= 1e6) return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function parseMediaRange(range: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}
