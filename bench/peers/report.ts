/** The comparison as Markdown: the table, what others do better, who was measured, and how to measure again. */
import { NODE_MAJOR } from '../../src/shared/node-version.js';
import { alignedTable, machineText, numberText, withNamedSection } from '../markdown.js';
import type { Measure, PeerSettings, Reading } from './reading.js';

/** A peer as the report names it. */
interface Column {
  readonly name: string;
  readonly version: string;
  readonly setUp: string;
}

/** One measure with a reading of each column, in their order. */
export interface Line {
  readonly measure: Measure;
  readonly readings: readonly Reading[];
}

export interface Comparison {
  readonly columns: readonly Column[];
  readonly lines: readonly Line[];
}

export interface Chart {
  /** Name of the file, below the folder of the charts. */
  readonly file: string;
  readonly title: string;
}

/** What differs by less is called the same: one run on a machine with other work tells no more. */
const TELLING = 1.1;

/** Of the column that the project is judged by. */
const OWN = 'Bulkhead';

/** A pipe would begin another column, a line break another row. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

export function readingText({ value, note }: Reading, { unit }: Measure): string {
  if (value === undefined) return escaped(note ?? 'not measured');
  const text = `${numberText(value)}${unit && ` ${unit}`}`;
  return note === undefined ? text : `${text} (${escaped(note)})`;
}

/** Which of the readings is the best; none where there is nothing to choose from. */
function bestOf({ measure, readings }: Line): number | undefined {
  const values = readings.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const best = measure.better === 'higher' ? Math.max(...values) : Math.min(...values);
  return values.length > 1 && values.some((value) => value !== best) ? best : undefined;
}

/** The best value of a row is bold, whosever it is. */
export function comparisonTable({ columns, lines }: Comparison): string {
  const rows = lines.map((line) => {
    const best = bestOf(line);
    const cells = line.readings.map((reading) => {
      const text = readingText(reading, line.measure);
      return best !== undefined && reading.value === best ? `**${text}**` : text;
    });
    return [line.measure.name, ...cells];
  });
  return alignedTable(['measured', ...columns.map(({ name }) => name)], rows);
}

/** How much better a value is than another: above 1 where it is. */
function advantage(value: number, than: number, better: Measure['better']): number {
  return better === 'higher' ? value / than : than / value;
}

/** One item for each measure in which another column is clearly better than the project's own. */
export function betterThanOwn({ columns, lines }: Comparison): string[] {
  const own = columns.findIndex(({ name }) => name === OWN);
  if (own === -1) return [];
  return lines.flatMap(({ measure, readings }) => {
    const reading = readings[own];
    const value = reading?.value;
    const others = columns.flatMap(({ name }, column) => {
      const other = readings[column]?.value;
      if (column === own || other === undefined) return [];
      if (value !== undefined && !(advantage(other, value, measure.better) >= TELLING)) return [];
      return [`${name} ${readingText({ value: other }, measure)}`];
    });
    if (reading === undefined || others.length === 0) return [];
    return [`- ${measure.name}: ${others.join(', ')}; ${OWN} ${readingText(reading, measure)}.`];
  });
}

function ranOn({ quick }: PeerSettings): string {
  return `${machineText()}. One run${quick ? ', a quick one, so rough' : ''}.`;
}

function sectionOf(
  comparison: Comparison,
  charts: readonly Chart[],
  folder: string,
  settings: PeerSettings,
): string {
  const better = betterThanOwn(comparison);
  const listed = comparison.columns.map(({ name, version, setUp }) => `- **${name}** ${version}: ${setUp}.`);
  return [
    `## Compared with other servers, Node ${NODE_MAJOR}`,
    `${ranOn(settings)} \`npm run bench:peers\` measures it again and writes this section.`,
    listed.join('\n'),
    comparisonTable(comparison),
    `Where another is better than ${OWN} by a tenth or more:`,
    better.length === 0 ? 'nowhere in this run.' : better.join('\n'),
    ...charts.map(({ file, title }) => `![${title}](${folder}/${file})`),
  ].join('\n\n');
}

/** The document with this run's section in place of the one for the same major version of Node. */
export function withPeersSection(
  document: string,
  comparison: Comparison,
  charts: readonly Chart[],
  folder: string,
  settings: PeerSettings,
): string {
  const text = sectionOf(comparison, charts, folder, settings);
  return withNamedSection(document, `peers: node ${NODE_MAJOR}`, text);
}
