/** The result of a run as plain text for a terminal, in 110 columns. Text from the server is made printable. */
import { printable } from '../../src/telemetry/log/log-text.js';
import type { LoadReport, ServerMetricsReport, ServerProcessReport } from '../load-report.js';
import { totalErrors } from './expectation-figures.js';
import { formatCount, formatLatency, formatShare } from './figure-format.js';
import { OPERATION_COLUMNS, operationRows } from './operation-rows.js';
import {
  clientSentence,
  contaminationText,
  mixPhrases,
  mixReasonPhrases,
  planPhrases,
  runFacts,
  sessionCounts,
  verdict,
} from './plan-text.js';
import { checkPhrase, processFigures, serverFigureCells, trendFigures } from './server-rows.js';
import { aligned } from './text-table.js';

const COLUMNS = 110;
/** The column where the text of a part begins; its name is before it. */
const INDENT = 12;
const ROOMFULS = new RegExp(`.{1,${COLUMNS - INDENT}}`, 'gsu');
/** In the table of operations, so that the figures have enough room. */
const MAX_NAME_LENGTH = 28;
const MAX_THRESHOLD_LENGTH = 40;
const MAX_SAMPLE_LENGTH = 300;

/** The summary, without a line break at its end. Its last line is `passed`, or `failed: ` and the reason. */
export function summarize(report: LoadReport): string {
  const { plan } = report;
  const blocks = [
    [
      ...part('load', `${printable(report.startedAt)}, bulkhead ${printable(report.version)}`),
      ...runFacts(report).flatMap(([name, text]) => part(name, text)),
      ...part('plan', planPhrases(plan).join(', ')),
      ...part('mix', [...mixPhrases(plan), ...mixReasonPhrases(report)].join(', ')),
      ...(report.interrupted
        ? part('interrupted', `stopped by a signal after ${formatLatency(report.holdMs)} of the hold`)
        : []),
    ],
    operationTable(report),
    [...sessionLines(report), ...errorLines(report)],
    [
      ...(report.metrics === null ? [] : metricsLines(report.metrics)),
      ...(report.process === null ? [] : processLines(report.process)),
      ...part('client', clientSentence(report.client)),
    ],
    thresholdLines(report),
    [verdict(report)],
  ];
  return blocks.flatMap((lines) => (lines.length === 0 ? [] : lines.join('\n'))).join('\n\n');
}

function operationTable(report: LoadReport): string[] {
  const rows = operationRows(report).map(({ label, isPart, cells }) => [
    `${isPart ? '  ' : ''}${withoutMiddle(label, MAX_NAME_LENGTH)}`,
    ...cells,
  ]);
  return aligned([[...OPERATION_COLUMNS], ...rows], '  ');
}

function sessionLines(report: LoadReport): string[] {
  const counts = sessionCounts(report).map(([name, count]) => `${name} ${formatCount(count)}`);
  const { json, eventStream } = report.answerKinds;
  const answers =
    report.answered === 0
      ? 'no tool call was answered'
      : `${formatCount(json)} as JSON, ${formatCount(eventStream)} as event streams`;
  return [
    ...part('sessions', counts.join(', ')),
    ...part('answers', `${answers}; longest gap ${formatLatency(report.longestGapMs)}`),
    ...part(
      'kept apart',
      `${contaminationText(report)}, lost ${formatCount(report.lost)}${
        report.contaminated > 0 ? ": ANSWERS CAME WITH OTHER SESSIONS' TOKENS" : ''
      }`,
    ),
  ];
}

function errorLines({ errors, errorSamples, operations }: LoadReport): string[] {
  const total = totalErrors(errors);
  if (total === 0) return part('errors', 'none');
  const requests = total + operations.reduce((sum, { answered }) => sum + answered, 0);
  const samples = new Map(errorSamples.map(({ kind, message }) => [kind, message]));
  const kinds = Object.entries(errors).sort(([, one], [, other]) => other - one);
  return [
    ...part('errors', `${formatCount(total)} (${formatShare(total, requests)} of all requests)`),
    ...kinds.flatMap(([kind, count]) => {
      const sample = samples.get(kind);
      const like = sample === undefined ? '' : `: ${shortened(printable(sample), MAX_SAMPLE_LENGTH)}`;
      return part('', `${formatCount(count)} ${printable(kind)}${like}`);
    }),
  ];
}

function metricsLines({ url, figures, checks }: ServerMetricsReport): string[] {
  const rows = figures.map(serverFigureCells).map(([name, ...cells]) => [withoutMiddle(name, 60), ...cells]);
  return [
    ...part('metrics', printable(url)),
    ...(rows.length === 0 ? [] : aligned([['', 'before', 'after'], ...rows], ' '.repeat(INDENT))),
    ...(checks.length === 0
      ? part('checks', 'none: the server has no metrics that the client knows')
      : checks.flatMap((check, index) => part(index === 0 ? 'checks' : '', checkPhrase(check)))),
  ];
}

function processLines(process: ServerProcessReport): string[] {
  const figures = processFigures(process).map(([name, value]) => `${name} ${value}`);
  return [
    ...part('process', `${process.pid}: ${figures.join(', ')}`),
    ...trendFigures(process).flatMap(([name, trend], index) =>
      part(index === 0 ? 'trends' : '', `${name} ${trend}`),
    ),
  ];
}

function thresholdLines({ expectations }: LoadReport): string[] {
  const width = Math.min(MAX_THRESHOLD_LENGTH, Math.max(0, ...expectations.map(({ text }) => text.length)));
  return expectations.map(
    ({ text, measured, met, checked }) =>
      `${resultMark(met, checked)} ${printable(text).padEnd(width)}  ${printable(measured)}`,
  );
}

/** What there was nothing to check against is neither met nor missed. */
function resultMark(met: boolean, checked: boolean): string {
  if (!met) return '✗';
  return checked ? '✓' : '–';
}

/** A name and its text, wrapped at spaces. A word that is longer than the line is split. */
function part(name: string, text: string): string[] {
  const room = COLUMNS - INDENT;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => each.match(ROOMFULS) ?? [''])) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line.trimEnd());
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line.trimEnd());
  return lines.map((each, index) => `${(index === 0 ? name : '').padEnd(INDENT)}${each}`.trimEnd());
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Related names often begin alike, so the end that distinguishes them is kept. */
function withoutMiddle(name: string, most: number): string {
  if (name.length <= most) return name;
  const half = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - half)}…${name.slice(-half)}`;
}
