/** The table: for the terminal as it is, and as Markdown, which is the same text. */
import { NODE_MAJOR } from '../src/shared/node-version.js';
import type { BenchSettings, Figure, Goal } from './figure.js';
import { alignedTable, machineText, numberText, withNamedSection } from './markdown.js';
import { median } from './statistics.js';

const HEADINGS = ['measured', 'Bulkhead', 'compared with', 'ratio', 'goal', 'met', 'reference'] as const;

/** The median, and the lowest and the highest round. */
function spread(values: readonly number[], unit: string): string {
  const text = `${numberText(median(values))}${unit && ` ${unit}`}`;
  return values.length > 1
    ? `${text} (${numberText(Math.min(...values))} to ${numberText(Math.max(...values))})`
    : text;
}

function goalText(goal: Goal, unit: string): string {
  const suffix = goal.kind === 'at most' ? unit && ` ${unit}` : ' times';
  return `${goal.kind === 'at most' ? '' : 'ratio '}${goal.kind.replace('ratio ', '')} ${numberText(goal.value)}${suffix}`;
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
    comparedWith ? numberText(Math.round(ratio * 100) / 100) : '',
    goal ? goalText(goal, unit) : '',
    goal === undefined ? '' : unknown ? 'not measured' : met(goal, value, ratio) ? 'yes' : 'NO',
    (figure.orientation ?? []).map((series) => `${series.name}: ${spread(series.values, unit)}`).join('; '),
  ];
}

/** A Markdown table of all figures. */
export function table(figures: readonly Figure[]): string {
  return alignedTable(HEADINGS, figures.map(cells));
}

/** One line on what the bench ran on. */
export function machine({ rounds, quick }: BenchSettings): string {
  return (
    `${machineText()}. ` +
    `${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds (lowest to highest)`}${quick ? ', of a quick run, so rough' : ''}.`
  );
}

/**
 * The document with this run's table in the section of its kind and of its Node's major version.
 * @param heading before the version of Node
 */
export function withSection(
  document: string,
  figures: readonly Figure[],
  settings: BenchSettings,
  kind: string,
  heading: string,
): string {
  const title = `${heading}${heading && ', '}Node ${NODE_MAJOR}`;
  const text = `## ${title}\n\n${machine(settings)}\n\n${table(figures)}`;
  return withNamedSection(document, `${kind}: node ${NODE_MAJOR}`, text);
}
