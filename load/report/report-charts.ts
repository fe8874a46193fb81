/** The charts of the HTML report. */
import { printable } from '../../src/telemetry/log/log-text.js';
import type { Latency, LoadReport, ProcessSample } from '../load-report.js';
import { formatBytes, formatCount, formatLatency, formatNumber } from './figure-format.js';
import { lineChart, type Point } from './svg-chart.js';
import { namedScale, timeScale } from './svg-scale.js';
import { type SecondsReport, thinned } from './thinned-seconds.js';

const MAX_POINTS = 300;
const MAX_CURVES = 6;
/** Above this ratio the scale is logarithmic: a linear one would show the median in its lowest twentieth. */
const LOG_SCALE_FROM = 20;

const PERCENTILES = ['50 %', '90 %', '99 %', '99.9 %', 'max'];

/** Each is an SVG document: first the charts over time, then the percentiles. */
export function reportCharts(report: LoadReport): string[] {
  const { seconds, process, rampMs, warmUpMs, holdMs } = report;
  const holdFrom = (rampMs + warmUpMs) / 1_000;
  const lengthSeconds = Math.max(
    (seconds.at(-1)?.second ?? 0) + 1,
    Math.round(holdFrom + holdMs / 1_000),
    (process?.samples.at(-1)?.atMs ?? 0) / 1_000,
  );
  const time: Time = {
    x: timeScale(lengthSeconds),
    marks: rampMs >= 1_000 && warmUpMs < 1 ? [{ x: rampMs / 1_000, label: 'ramp ends' }] : [],
    bands: warmUpMs < 1 ? [] : [{ from: rampMs / 1_000, to: holdFrom, label: 'warm-up, not counted' }],
  };
  const groups = thinned(seconds, MAX_POINTS);
  return [
    latencyChart(report.latency, groups, time),
    percentileChart(report),
    rateChart(groups, time),
    sessionsChart(groups, time),
    ...(process === null ? [] : processCharts(process.samples, time)),
  ];
}

interface Time {
  readonly x: ReturnType<typeof timeScale>;
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  readonly bands: readonly { readonly from: number; readonly to: number; readonly label: string }[];
}

function latencyChart({ maxMs, p50Ms }: Latency, groups: readonly SecondsReport[], time: Time): string {
  const isWide = maxMs !== null && p50Ms !== null && maxMs > LOG_SCALE_FROM * p50Ms;
  const size = (groups[0]?.to ?? 1) - (groups[0]?.from ?? 0);
  return lineChart({
    ...time,
    id: 'latency',
    title: `Latency of tool calls${isWide ? ', logarithmic' : ''}`,
    description: `Median ${formatLatency(p50Ms)}, maximum ${formatLatency(maxMs)} over the run. ${
      size > 1 ? `Each point stands for ${size} seconds: the worst of them, for p50 their median.` : ''
    }`,
    yScale: isWide ? 'log' : 'linear',
    formatY: formatLatency,
    series: [
      { name: 'max', points: inTheMiddle(groups, ({ maxMs: y }) => y), labels: 'highest' },
      { name: 'p99', points: inTheMiddle(groups, ({ p99Ms: y }) => y), labels: 'highest' },
      { name: 'p50', points: inTheMiddle(groups, ({ p50Ms: y }) => y), labels: 'middle' },
    ],
  });
}

function rateChart(groups: readonly SecondsReport[], time: Time): string {
  const most = groups.reduce((high, { answered }) => Math.max(high, answered), 0);
  const worst = groups.reduce((high, { errors }) => Math.max(high, errors), 0);
  return lineChart({
    ...time,
    id: 'rate',
    title: 'Answers and errors a second',
    description: `At most ${formatNumber(most)} tool calls answered well and ${formatNumber(worst)} errors a second.`,
    formatY: formatNumber,
    series: [
      { name: 'answered well', points: inTheMiddle(groups, ({ answered }) => answered), labels: 'middle' },
      {
        name: 'errors',
        points: inTheMiddle(groups, ({ errors }) => errors),
        ...(worst > 0 && { labels: 'highest' as const }),
      },
    ],
  });
}

function sessionsChart(groups: readonly SecondsReport[], time: Time): string {
  const most = groups.reduce((high, { sessions }) => Math.max(high, sessions), 0);
  return lineChart({
    ...time,
    id: 'sessions',
    title: 'Open sessions',
    description: `At most ${formatCount(most)} sessions were open.`,
    yTicks: 'whole',
    formatY: formatNumber,
    series: [
      {
        name: 'sessions',
        points: groups.map(({ to, sessions }) => ({ x: to, y: sessions })),
        labels: 'highest',
      },
    ],
  });
}

/** The percentiles at equal distances, because each stands for ten times fewer calls than the one before. */
function percentileChart({ operations }: LoadReport): string {
  const curves = operations
    .filter(({ latency }) => latency.count > 0)
    .sort((one, other) => other.latency.count - one.latency.count);
  const shown = curves.slice(0, MAX_CURVES);
  const values = shown.flatMap(({ latency }) => percentilesOf(latency).filter((ms) => ms !== null));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isWide = most > LOG_SCALE_FROM * least;
  const left = curves.length > shown.length ? `, the ${shown.length} most called` : '';
  return lineChart({
    id: 'percentiles',
    title: `Latency by percentile${left}${isWide ? ', logarithmic' : ''}`,
    description: shown
      .map(({ method, tool, latency }) => {
        const [p50, , p99] = percentilesOf(latency);
        return `${tool ?? method}: median ${formatLatency(p50 ?? null)}, 99 % ${formatLatency(p99 ?? null)}.`;
      })
      .join(' '),
    x: namedScale(PERCENTILES),
    yScale: isWide ? 'log' : 'linear',
    formatY: formatLatency,
    series: shown.map(({ method, tool, latency }, index) => ({
      name: printable(tool ?? method),
      points: percentilesOf(latency).map((y, x) => ({ x, y })),
      // Those of all curves would cover each other; the table has them.
      ...(index === 0 && { labels: 'all' as const }),
    })),
  });
}

function percentilesOf({ p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: Latency): (number | null)[] {
  return [p50Ms, p90Ms, p99Ms, p999Ms, maxMs];
}

function processCharts(all: readonly ProcessSample[], time: Time): string[] {
  const step = Math.max(1, Math.ceil(all.length / MAX_POINTS));
  const samples = all.filter((_, index) => index % step === 0 || index === all.length - 1);
  const points = (read: (sample: ProcessSample) => number): Point[] =>
    samples.map((sample) => ({ x: sample.atMs / 1_000, y: read(sample) }));
  const most = (read: (sample: ProcessSample) => number): number =>
    all.reduce((high, sample) => Math.max(high, read(sample)), 0);
  return [
    lineChart({
      ...time,
      id: 'memory',
      title: 'Resident memory of the server',
      description: `At most ${formatBytes(most(({ residentBytes }) => residentBytes))}.`,
      yTicks: 'binary',
      formatY: formatBytes,
      series: [
        {
          name: 'resident memory',
          points: points(({ residentBytes }) => residentBytes),
          labels: 'highest',
        },
      ],
    }),
    lineChart({
      ...time,
      id: 'threads',
      title: 'Threads and descriptors of the server',
      description: `At most ${formatCount(most(({ threads }) => threads))} threads and ${formatCount(most(({ descriptors }) => descriptors))} descriptors.`,
      yTicks: 'whole',
      formatY: formatNumber,
      series: [
        { name: 'threads', points: points(({ threads }) => threads), labels: 'highest' },
        { name: 'descriptors', points: points(({ descriptors }) => descriptors), labels: 'highest' },
        ...(most(({ processes }) => processes) > 1
          ? [
              {
                name: 'processes',
                points: points(({ processes }) => processes),
                labels: 'highest' as const,
              },
            ]
          : []),
      ],
    }),
    lineChart({
      ...time,
      id: 'processor',
      title: 'Processor time of the server',
      description: 'As a share of one core, between two samples.',
      formatY: (share) => `${formatNumber(share)} %`,
      series: [{ name: 'share of one core', points: processorShares(samples), labels: 'highest' }],
    }),
  ];
}

/**
 * What was used since the previous sample. A process that has ended takes its time with it, which is not negative use.
 */
function processorShares(samples: readonly ProcessSample[]): Point[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index] ?? sample;
    const elapsedMs = sample.atMs - before.atMs;
    const share = elapsedMs > 0 ? Math.max(0, (100 * (sample.cpuMs - before.cpuMs)) / elapsedMs) : null;
    return { x: sample.atMs / 1_000, y: share };
  });
}

function inTheMiddle(
  groups: readonly SecondsReport[],
  read: (group: SecondsReport) => number | null,
): Point[] {
  return groups.map((group) => ({ x: (group.from + group.to) / 2, y: read(group) }));
}
