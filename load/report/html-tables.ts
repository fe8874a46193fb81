/** The tables of the HTML report. */
import type { LoadReport, ServerMetricsReport, ServerProcessReport } from '../load-report.js';
import { formatCount } from './figure-format.js';
import { type Markup, type MarkupValue, markup } from './markup.js';
import { OPERATION_COLUMNS, operationRows } from './operation-rows.js';
import { sessionCounts } from './plan-text.js';
import { processFigures, serverFigureCells, trendFigures } from './server-rows.js';

export function thresholdTable({ expectations }: LoadReport): Markup {
  return table(
    'Thresholds: what was asked of the run, and what every run is held to',
    ['threshold', 'measured', 'result'],
    expectations.map(
      ({ text, measured, met, checked }) =>
        markup`<tr><th scope="row" class="name threshold">${text}</th><td>${measured}</td>${resultCell(met, checked)}</tr>`,
    ),
  );
}

function resultCell(met: boolean, checked: boolean): Markup {
  if (met && !checked) return markup`<td class="met muted">– not checked</td>`;
  return markup`<td class="met ${met ? 'good' : 'bad'}">${met ? '✓ met' : '✗ missed'}</td>`;
}

export function operationTable(report: LoadReport): Markup {
  return table(
    'Operations: those answered well, and how long they took',
    OPERATION_COLUMNS,
    operationRows(report).map(
      ({ label, isPart, cells }) =>
        markup`<tr><th scope="row" class="name ${isPart ? 'part' : ''}">${label}</th>${cells.map(number)}</tr>`,
    ),
  );
}

export function sessionTable(report: LoadReport): Markup {
  return figureTable(
    'What became of the sessions',
    sessionCounts(report).map(([name, count]) => [name, formatCount(count)]),
  );
}

export function errorTable({ errors, errorSamples }: LoadReport): Markup {
  const samples = new Map(errorSamples.map(({ kind, message }) => [kind, message]));
  return table(
    'Errors by kind, each with the first message seen',
    ['kind', 'count', 'first message'],
    Object.entries(errors)
      .sort(([, one], [, other]) => other - one)
      .map(
        ([kind, count]) =>
          markup`<tr><th scope="row" class="name">${kind}</th>${number(formatCount(count))}<td class="sample">${samples.get(kind) ?? ''}</td></tr>`,
      ),
  );
}

export function checkTable({ checks }: ServerMetricsReport): Markup {
  return table(
    'What both sides count',
    ['count', 'client', 'server', 'result'],
    checks.map(
      ({ what, client, server, agrees }) =>
        markup`<tr><th scope="row" class="name">${what}</th>${[client, server].map(formatCount).map(number)}<td class="met ${agrees ? 'good' : 'bad'}">${agrees ? '✓ agrees' : '✗ does not agree'}</td></tr>`,
    ),
  );
}

export function serverFigureTable({ figures }: ServerMetricsReport): Markup {
  return table(
    "The server's own figures, at both ends of the run",
    ['metric', 'before', 'after'],
    figures.map(serverFigureCells).map(([name, ...values]) => {
      return markup`<tr><th scope="row" class="name">${name}</th>${values.map(number)}</tr>`;
    }),
  );
}

export function processTable(process: ServerProcessReport): Markup {
  return figureTable(`The process tree of ${process.pid}`, processFigures(process));
}

export function trendTable(process: ServerProcessReport): Markup {
  return table(
    'How it moved during the hold, with its 95 % confidence',
    ['figure', 'slope'],
    trendFigures(process).map(
      ([name, trend]) => markup`<tr><th scope="row">${name}</th><td>${trend}</td></tr>`,
    ),
  );
}

function figureTable(caption: string, figures: readonly (readonly [string, string])[]): Markup {
  return table(
    caption,
    ['figure', 'value'],
    figures.map(([name, value]) => markup`<tr><th scope="row">${name}</th>${number(value)}</tr>`),
  );
}

const NUMBER_COLUMNS: readonly string[] = [
  ...OPERATION_COLUMNS.slice(1),
  'count',
  'client',
  'server',
  'before',
  'after',
  'value',
];

/** A table that scrolls if it is too wide for the page, with the keyboard too. */
function table(caption: string, columns: readonly string[], rows: MarkupValue): Markup {
  const names = columns.map(
    (name, index) =>
      markup`<th scope="col" class="${index > 0 && NUMBER_COLUMNS.includes(name) ? 'number' : ''}">${name}</th>`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${names}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function number(value: string): Markup {
  return markup`<td class="number">${value}</td>`;
}
