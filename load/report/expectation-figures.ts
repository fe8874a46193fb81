/** The figures that a threshold of `--expect` can name, and how each is read from the results of a run. */
import { didYouMean } from '../../src/shared/nearest.js';
import type {
  ErrorCounts,
  Latency,
  LoadFindings,
  OperationReport,
  ServerMetricsReport,
  ServerProcessReport,
  Trend,
} from '../load-report.js';

/** Durations are milliseconds, sizes bytes. */
export type FigureUnit = 'duration' | 'size' | 'rate' | 'count';

export interface FigureValue {
  readonly value: number;
  /** Half of the 95 % confidence interval; only for a trend. */
  readonly plusMinus?: number;
  /** What a share refers to; only if the figure can be a share. */
  readonly whole?: number;
}

type WatchedProcess = Pick<
  ServerProcessReport,
  'bytesPerSession' | 'cpuMsPerSession' | 'cpuMsPerCall' | 'trends'
>;

/** The part of a run's results from which figures are read. */
export interface FigureSource
  extends Pick<
    LoadFindings,
    | 'answered'
    | 'perSecond'
    | 'latency'
    | 'sessionCreation'
    | 'firstCall'
    | 'errors'
    | 'contaminated'
    | 'lost'
    | 'longestGapMs'
    | 'sessions'
  > {
  readonly plan: Pick<LoadFindings['plan'], 'era'>;
  readonly operations: readonly Pick<OperationReport, 'method' | 'tool' | 'answered' | 'latency'>[];
  readonly metrics: Pick<ServerMetricsReport, 'checks'> | null;
  readonly process: WatchedProcess | null;
}

/** A value, or why there is none. */
type Reading = FigureValue | { readonly missing: string };

export interface Figure {
  readonly unit: FigureUnit;
  /** Whether it is a slope by the minute that is known only within its confidence interval. */
  readonly isTrend?: true;
  /** Whether it can be compared with a percentage. */
  readonly hasShare?: true;
  read(findings: FigureSource): Reading;
}

const LATENCY_OF = {
  p50: (latency) => latency.p50Ms,
  p90: (latency) => latency.p90Ms,
  p99: (latency) => latency.p99Ms,
  'p99.9': (latency) => latency.p999Ms,
  max: (latency) => latency.maxMs,
  mean: (latency) => latency.meanMs,
} as const satisfies Record<string, (latency: Latency) => number | null>;

type Statistic = keyof typeof LATENCY_OF;

const STATISTICS = Object.keys(LATENCY_OF) as Statistic[];

const NO_PROCESS = 'not measured: the process was not watched (--pid)';

const count = (read: (findings: FigureSource) => number): Figure => ({
  unit: 'count',
  read: (findings) => valueOr(read(findings), 'not measured'),
});

const ofProcess = (unit: FigureUnit, read: (process: WatchedProcess) => number | null): Figure => ({
  unit,
  read: ({ process }) =>
    process === null ? { missing: NO_PROCESS } : valueOr(read(process), 'not measured'),
});

const trend = (unit: FigureUnit, read: (trends: WatchedProcess['trends']) => Trend | null): Figure => ({
  unit,
  isTrend: true,
  read: ({ process }) => {
    if (process === null) return { missing: NO_PROCESS };
    const found = read(process.trends);
    if (found === null || !Number.isFinite(found.perMinute) || !Number.isFinite(found.plusMinus)) {
      return { missing: 'not measured: too few samples for a trend' };
    }
    return { value: found.perMinute, plusMinus: found.plusMinus };
  },
});

const errorShare = (read: (errors: ErrorCounts) => number): Figure => ({
  unit: 'count',
  hasShare: true,
  read: ({ errors, operations }) => {
    const answered = operations.reduce((sum, operation) => sum + operation.answered, 0);
    return { value: read(errors), whole: answered + totalErrors(errors) };
  },
});

/** All figures that need no name of an operation or of a kind of error. */
const FIXED_FIGURES: ReadonlyMap<string, Figure> = new Map<string, Figure>([
  ...STATISTICS.map((statistic): [string, Figure] => [
    statistic,
    latencyFigure(statistic, ({ latency }) => latency, 'no call was answered'),
  ]),
  ['rate', { unit: 'rate', read: ({ perSecond }) => valueOr(perSecond, 'not measured') }],
  ['answered', count(({ answered }) => answered)],
  ['errors', errorShare(totalErrors)],
  ['lost', count(({ lost }) => lost)],
  ['contaminated', count(({ contaminated }) => contaminated)],
  ['forgotten', { unit: 'count', read: readForgotten }],
  ['mismatches', { unit: 'count', read: readMismatches }],
  ['gap', { unit: 'duration', read: ({ longestGapMs }) => valueOr(longestGapMs, 'not measured') }],
  ['sessions', count(({ sessions }) => sessions.created)],
  ['failed-sessions', count(({ sessions }) => sessions.failed)],
  ['streams-closed', count(({ sessions }) => sessions.streamsClosed)],
  ['memory-per-session', ofProcess('size', ({ bytesPerSession }) => bytesPerSession)],
  ['cpu-per-session', ofProcess('duration', ({ cpuMsPerSession }) => cpuMsPerSession)],
  ['cpu-per-call', ofProcess('duration', ({ cpuMsPerCall }) => cpuMsPerCall)],
  ['memory-slope', trend('size', ({ residentBytes }) => residentBytes)],
  ['threads-slope', trend('count', ({ threads }) => threads)],
  ['descriptors-slope', trend('count', ({ descriptors }) => descriptors)],
]);

const ERROR_KINDS = [
  'connection',
  'tool',
  'invalid',
  'contaminated',
  'wrong id',
  'duplicate',
  'no answer',
  'timeout',
  'forgotten',
  'not sent',
];

/**
 * The figure of this name: a fixed one, `errors[<kind>]`, or `<scope>.<percentile>`, where the scope is
 * `session-creation`, `first-call`, a method, or a tool's name. Whether the server has the method or the tool is known
 * only when the figure is read.
 * @returns what would be right, as the end of a sentence, if there is no such figure
 */
export function figureNamed(name: string): Figure | string {
  const fixed = FIXED_FIGURES.get(name);
  if (fixed !== undefined) return fixed;
  const kind = /^errors\[(.*)\]$/s.exec(name)?.[1];
  if (kind !== undefined) {
    if (ERROR_KINDS.includes(kind) || /^http \d{3}$|^json-rpc -?\d+$/.test(kind)) {
      return errorShare((errors) => (Object.hasOwn(errors, kind) ? (errors[kind] ?? 0) : 0));
    }
    const kinds = `${ERROR_KINDS.join(', ')}, http <status>, json-rpc <code>`;
    return `the kind of error must be one of ${kinds}${didYouMean(kind, ERROR_KINDS)}`;
  }
  const scoped = /^(.+)\.(p50|p90|p99|p99\.9|max|mean)$/s.exec(name);
  if (scoped !== null) {
    const [, scope = '', statistic] = scoped;
    return scopedLatency(scope, statistic as Statistic);
  }
  return whatWouldBeRight(name);
}

/** The tool's name may contain dots: everything before the last dot of `name` is taken for it. */
function whatWouldBeRight(name: string): string {
  const scope = name.slice(0, Math.max(0, name.lastIndexOf('.')));
  const ofScope = scope === '' ? [] : STATISTICS.map((statistic) => `${scope}.${statistic}`);
  const meant = didYouMean(name, [...FIXED_FIGURES.keys(), ...ofScope]);
  const fixed = [...FIXED_FIGURES.keys()].join(', ');
  return `its figure must be one of ${fixed}, errors[<kind>] or <tool or method>.<percentile>${meant}`;
}

export function totalErrors(errors: ErrorCounts): number {
  return Object.values(errors).reduce((sum, number) => sum + number, 0);
}

function valueOr(value: number | null, missing: string): Reading {
  return value !== null && Number.isFinite(value) ? { value } : { missing };
}

function latencyFigure(
  statistic: Statistic,
  latencyIn: (findings: FigureSource) => Latency,
  missing: string,
): Figure {
  return {
    unit: 'duration',
    read: (findings) => valueOr(LATENCY_OF[statistic](latencyIn(findings)), missing),
  };
}

function scopedLatency(scope: string, statistic: Statistic): Figure {
  if (scope === 'session-creation') {
    return latencyFigure(statistic, (findings) => findings.sessionCreation, 'no session was created');
  }
  if (scope === 'first-call') {
    return latencyFigure(statistic, (findings) => findings.firstCall, 'no call was answered');
  }
  if (scope === 'tools/call') {
    return latencyFigure(statistic, ({ latency }) => latency, 'no call was answered');
  }
  return {
    unit: 'duration',
    read: ({ operations }) => {
      const named =
        operations.find(({ method, tool }) => tool === null && method === scope) ??
        operations.find(({ tool }) => tool === scope);
      if (named !== undefined) {
        return valueOr(LATENCY_OF[statistic](named.latency), `no request of ${scope} was answered`);
      }
      const known = operations.map(({ method, tool }) => tool ?? method);
      return { missing: `nothing named ${JSON.stringify(scope)} was called${didYouMean(scope, known)}` };
    },
  };
}

function readForgotten({ plan, sessions }: FigureSource): Reading {
  return plan.era === 'session'
    ? { value: sessions.forgotten }
    : { missing: 'not checked: the stateless era has no sessions' };
}

function readMismatches({ metrics }: FigureSource): Reading {
  if (metrics === null) return { missing: "not checked: the server's metrics were not read (--metrics)" };
  if (metrics.checks.length === 0) {
    return { missing: 'not checked: the server has no metrics that the client knows' };
  }
  return { value: metrics.checks.filter(({ agrees }) => !agrees).length };
}
