/** The measures that are drawn, each as one SVG file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from '../../load/report/svg-chart.js';
import { NODE_MAJOR } from '../../src/shared/node-version.js';
import { numberText } from '../markdown.js';
import { type Chart, type Comparison, readingText } from './report.js';

const WIDTH = 720;

/** By a measure's name: which are drawn, and under which file name. */
export type Drawn = ReadonlyMap<string, string>;

/** Writes a bar chart of each such measure that was read, and says which. */
export function writeCharts({ columns, lines }: Comparison, drawn: Drawn, folder: string): Chart[] {
  mkdirSync(folder, { recursive: true });
  return lines.flatMap(({ measure, readings }) => {
    const name = drawn.get(measure.name);
    if (name === undefined) return [];
    const file = `node-${NODE_MAJOR}-${name}.svg`;
    const better = measure.better === 'higher' ? 'More is better' : 'Less is better';
    const title = `${measure.name} (Node ${NODE_MAJOR})`;
    const bars = columns.map((column, index) => {
      const { value, note } = readings[index] ?? {};
      return { label: column.name, value: value ?? null, ...(note === undefined ? {} : { note }) };
    });
    const drawing = barChart({
      id: name,
      title,
      description: `${better}. ${columns.map((column, index) => `${column.name}: ${readingText(readings[index] ?? {}, measure)}`).join('; ')}.`,
      width: WIDTH,
      bars,
      unit: measure.unit,
      formatValue: numberText,
    });
    writeFileSync(join(folder, file), drawing);
    return [{ file, title }];
  });
}
