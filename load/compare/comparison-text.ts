/** A comparison as plain text for a terminal. Text from the reports is made printable. */
import { printable } from '../../src/telemetry/log/log-text.js';
import { formatBytes, formatLatency, formatNumber, NOTHING } from '../report/figure-format.js';
import { serverText } from '../report/plan-text.js';
import { aligned } from '../report/text-table.js';
import { type ComparedFigure, type Comparison, tooMuchWorse, type Verdict } from './comparison.js';
import type { ComparableReport } from './report-file.js';

export interface NamedReport {
  /** As it was written. */
  readonly file: string;
  readonly report: ComparableReport;
}

/** Without a line break at its end. Its last line is the result. */
export function comparisonText(
  a: NamedReport,
  b: NamedReport,
  comparison: Comparison,
  failAbove: number | undefined,
): string {
  const { figures, differences } = comparison;
  const notes = differences.map(
    ({ text, blocks }) => `${blocks ? '✗ not comparable' : '! note'}: ${printable(text)}`,
  );
  const blocks = [
    aligned([sourceRow('a', a), sourceRow('b', b)], '', () => true),
    aligned(
      [['', 'a', 'b', 'b / a', 'b is'], ...figures.map(figureRow)],
      '  ',
      (column) => column === 0 || column === 4,
    ),
    figures.every(({ judged }) => judged) ? [] : [UNJUDGED_NOTE],
    notes,
    [resultLine(comparison, failAbove)],
  ];
  return blocks.flatMap((lines) => (lines.length === 0 ? [] : lines.join('\n'))).join('\n\n');
}

const UNJUDGED_NOTE = '* depends on few calls or sessions: --fail-above does not judge it';

function sourceRow(name: string, { file, report }: NamedReport): string[] {
  const { startedAt, server, plan } = report;
  return [name, printable(file), printable(startedAt), `${serverText(server)} at ${printable(plan.url)}`];
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  better: 'better',
  worse: 'worse',
  same: 'about the same',
  unknown: 'not measured in both',
};

function figureRow({ name, a, b, ratio, verdict, judged, ...kind }: ComparedFigure): string[] {
  const [one, other] = [a, b].map((value) => writeValue(value, kind));
  const shownRatio = ratio === null ? NOTHING : ratio.toFixed(2);
  return [`${printable(name)}${judged ? '' : ' *'}`, one ?? '', other ?? '', shownRatio, VERDICTS[verdict]];
}

function writeValue(
  value: number | null,
  { unit, isShare }: Pick<ComparedFigure, 'unit' | 'isShare'>,
): string {
  if (value === null) return NOTHING;
  if (isShare) return `${formatNumber(value)} %`;
  if (unit === 'duration') return formatLatency(value);
  if (unit === 'size') return formatBytes(value);
  return unit === 'rate' ? `${formatNumber(value)}/s` : formatNumber(value);
}

/** What the comparison says on the whole, and with `--fail-above` whether it passed. */
function resultLine(comparison: Comparison, failAbove: number | undefined): string {
  const { figures, differences } = comparison;
  if (failAbove === undefined) {
    const count = (verdict: Verdict) => figures.filter((figure) => figure.verdict === verdict).length;
    return `b is better in ${count('better')}, worse in ${count('worse')} and about the same in ${count('same')} figures`;
  }
  const blocking = differences.filter(({ blocks }) => blocks).map(({ about }) => about);
  if (blocking.length > 0)
    return `failed: the runs cannot be compared (${[...new Set(blocking)].join(', ')})`;
  const worse = tooMuchWorse(comparison, failAbove).map(({ name, a, worseByPercent, ...kind }) => {
    if (worseByPercent !== null) return `${printable(name)} by ${formatNumber(worseByPercent)} %`;
    return `${printable(name)} (${writeValue(kind.b, kind)} instead of ${writeValue(a, kind)})`;
  });
  return worse.length === 0
    ? `passed: nothing is worse by more than ${formatNumber(failAbove)} %`
    : `failed: b is worse in ${worse.join(', ')}`;
}
