/** Two reports side by side: each figure of both, their ratio, and which is better. */
import { type FigureSource, type FigureUnit, figureNamed } from '../report/expectation-figures.js';
import { type Difference, differencesOf } from './differences.js';
import type { ComparableReport } from './report-file.js';

/** How the second report is, seen from the first; `unknown` if one of them has no value. */
export type Verdict = 'better' | 'worse' | 'same' | 'unknown';

export interface ComparedFigure {
  /** As in `--expect`. */
  readonly name: string;
  readonly unit: FigureUnit;
  /** Whether `a` and `b` are percentages of all requests. */
  readonly isShare: boolean;
  /** Milliseconds, bytes, calls a second, numbers or percentages; `null` if nothing was measured. */
  readonly a: number | null;
  readonly b: number | null;
  /** `b` divided by `a`; `null` if it has no value. */
  readonly ratio: number | null;
  readonly verdict: Verdict;
  /** By how many percent the second is worse; negative if it is better, `null` if there is no such number. */
  readonly worseByPercent: number | null;
  /** Whether `--fail-above` judges it. The others depend on single calls. */
  readonly judged: boolean;
}

export interface Comparison {
  readonly figures: readonly ComparedFigure[];
  readonly differences: readonly Difference[];
}

interface Row {
  readonly name: string;
  readonly isHigherBetter?: boolean;
  readonly judged?: boolean;
}

const ROWS: readonly Row[] = [
  { name: 'rate', isHigherBetter: true, judged: true },
  { name: 'p50', judged: true },
  { name: 'p90', judged: true },
  { name: 'p99', judged: true },
  { name: 'p99.9' },
  { name: 'max' },
  { name: 'gap' },
  { name: 'session-creation.p50', judged: true },
  { name: 'session-creation.p99' },
  { name: 'first-call.p50' },
  { name: 'first-call.p99' },
  { name: 'errors', judged: true },
  { name: 'lost', judged: true },
  { name: 'contaminated', judged: true },
  { name: 'forgotten', judged: true },
  { name: 'failed-sessions', judged: true },
  { name: 'memory-per-session', judged: true },
  { name: 'cpu-per-session' },
  { name: 'cpu-per-call', judged: true },
];

/** A smaller difference is one between two runs of the same thing. */
const SAME_PERCENT = 5;

/** @param failAbove differences above this many percent count, even if they are small */
export function compareReports(
  a: ComparableReport,
  b: ComparableReport,
  failAbove: number = SAME_PERCENT,
): Comparison {
  const samePercent = Math.min(SAME_PERCENT, failAbove);
  const figures = [...ROWS, ...toolRows(a, b)].flatMap((row) => compared(row, a, b, samePercent) ?? []);
  return { figures, differences: differencesOf(a, b) };
}

/** What `--fail-above` fails the comparison for. */
export function tooMuchWorse(
  { figures }: Pick<Comparison, 'figures'>,
  failAbove: number,
): readonly ComparedFigure[] {
  return figures.filter(
    ({ judged, verdict, worseByPercent }) =>
      judged && verdict === 'worse' && (worseByPercent === null || worseByPercent > failAbove),
  );
}

/** Each tool that both called, if there are several. */
function toolRows(a: ComparableReport, b: ComparableReport): Row[] {
  const toolsOf = ({ operations }: ComparableReport) => operations.flatMap(({ tool }) => tool ?? []);
  const shared = toolsOf(a).filter((tool) => toolsOf(b).includes(tool));
  if (shared.length < 2) return [];
  return shared.flatMap((tool) => [{ name: `${tool}.p50` }, { name: `${tool}.p99` }]);
}

/** `undefined` if neither has a value. */
function compared(
  { name, isHigherBetter = false, judged = false }: Row,
  one: FigureSource,
  other: FigureSource,
  samePercent: number,
): ComparedFigure | undefined {
  const figure = figureNamed(name);
  if (typeof figure === 'string') throw new Error(`there is no figure ${name}: ${figure}`);
  const isShare = figure.hasShare === true;
  const [a, b] = [one, other].map((source) => {
    const reading = figure.read(source);
    if ('missing' in reading) return null;
    const { value, whole = 0 } = reading;
    if (!isShare) return value;
    return whole === 0 ? null : (100 * value) / whole;
  }) as [number | null, number | null];
  if (a === null && b === null) return undefined;
  const both = { name, unit: figure.unit, isShare, a, b, judged };
  if (a === null || b === null) return { ...both, ratio: null, verdict: 'unknown', worseByPercent: null };
  const ratio = a === 0 ? null : b / a;
  if (a === b) return { ...both, ratio, verdict: 'same', worseByPercent: 0 };
  const isWorse = isHigherBetter ? b < a : b > a;
  // Of what is 0, everything is infinitely many percent.
  const percent = worseByPercent(a, b, isHigherBetter);
  const isSame = percent !== null && Math.abs(percent) <= samePercent;
  return {
    ...both,
    ratio,
    verdict: isSame ? 'same' : isWorse ? 'worse' : 'better',
    worseByPercent: percent,
  };
}

function worseByPercent(a: number, b: number, isHigherBetter: boolean): number | null {
  if (a === 0) return null;
  const percent = (100 * (b - a)) / a;
  return isHigherBetter ? -percent : percent;
}
