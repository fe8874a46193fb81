/** The table: for the terminal as it is, and as Markdown, which is the same text. */

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { NODE_MAJOR } from '../src/shared/node-version.js';
import type { BenchSettings, Figure, Goal } from './figure.js';
import { median } from './statistics.js';

/** What else the machine was doing: session threads are nice, so foreign load costs them more than the SDK. */
const LOAD_AT_START = loadavg()[0] ?? 0;

const HEADINGS = [
  'measured',
  'Bulkhead',
  'compared with',
  'ratio',
  'goal',
  'met',
  'for orientation',
] as const;

function number(value: number): string {
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 'n/a';
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
}

/** The median, and the lowest and the highest round. */
function spread(values: readonly number[], unit: string): string {
  const text = `${number(median(values))}${unit && ` ${unit}`}`;
  return values.length > 1
    ? `${text} (${number(Math.min(...values))} to ${number(Math.max(...values))})`
    : text;
}

function goalText(goal: Goal, unit: string): string {
  const suffix = goal.kind === 'at most' ? unit && ` ${unit}` : ' times';
  return `${goal.kind === 'at most' ? '' : 'ratio '}${goal.kind.replace('ratio ', '')} ${number(goal.value)}${suffix}`;
}

/** Judged on what is printed, two decimals: a ratio of 1.004 is 1. */
function met(goal: Goal, value: number, ratio: number): boolean {
  const judged = goal.kind === 'at most' ? value : Math.round(ratio * 100) / 100;
  return goal.kind === 'ratio at least' ? judged >= goal.value : judged <= goal.value;
}

function cells(figure: Figure): string[] {
  const { unit, comparedWith, goal } = figure;
  const value = median(figure.bulkhead);
  const ratio = comparedWith ? value / median(comparedWith.values) : Number.NaN;
  const unknown = goal !== undefined && Number.isNaN(goal.kind === 'at most' ? value : ratio);
  return [
    figure.measure,
    spread(figure.bulkhead, unit),
    comparedWith ? `${comparedWith.name}: ${spread(comparedWith.values, unit)}` : '',
    comparedWith ? number(Math.round(ratio * 100) / 100) : '',
    goal ? goalText(goal, unit) : '',
    goal === undefined ? '' : unknown ? 'not measured' : met(goal, value, ratio) ? 'yes' : 'NO',
    (figure.orientation ?? []).map((series) => `${series.name}: ${spread(series.values, unit)}`).join('; '),
  ];
}

function line(texts: readonly string[], widths: readonly number[]): string {
  return `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
}

/** A Markdown table of all figures, its columns aligned so that a terminal shows it well too. */
export function table(figures: readonly Figure[]): string {
  const body = figures.map(cells);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...body.map((texts) => texts[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [HEADINGS, rule, ...body].map((texts) => line(texts, widths)).join('\n');
}

/** One line on what the bench ran on. */
export function machine({ rounds, quick }: BenchSettings): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  return (
    `${date}, Node ${process.version}, ${process.platform} ${process.arch}, ` +
    `${availableParallelism()} cores of ${model}, ${memoryGib} GiB, load average at the start ${number(LOAD_AT_START)}. ` +
    `Medians of ${rounds} rounds (lowest to highest)${quick ? ', of a quick run, so rough' : ''}.`
  );
}

/**
 * The document with this run's table in the section of its Node's major version: the one that is there is
 * replaced, so that one document holds a table for each Node.
 */
export function withSection(document: string, figures: readonly Figure[], settings: BenchSettings): string {
  const major = NODE_MAJOR;
  const begin = `<!-- bench: node ${major} -->`;
  const end = `<!-- end of bench: node ${major} -->`;
  const section = `${begin}\n## Node ${major}\n\n${machine(settings)}\n\n${table(figures)}\n${end}`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from !== -1 && to > from) return document.slice(0, from) + section + document.slice(to + end.length);
  return `${document}${document === '' || document.endsWith('\n\n') ? '' : '\n'}${section}\n`;
}
