/** What all benches write in the same way: numbers, tables, the machine, and their section of a document. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** What else the machine was doing: session threads are nice, so foreign load costs them more than the SDK. */
const LOAD_AT_START = loadavg()[0] ?? 0;

/** As many digits as a reader needs; `n/a` for `NaN`. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 'n/a';
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
}

function line(texts: readonly string[], widths: readonly number[]): string {
  return `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
}

/** A Markdown table, its columns aligned so that a terminal shows it well too. */
export function alignedTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((texts) => texts[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [headings, rule, ...rows].map((texts) => line(texts, widths)).join('\n');
}

/** What the bench ran on, and when: the beginning of a sentence. */
export function machineText(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  const date = new Date().toISOString().slice(0, 10);
  return (
    `${date}, Node ${process.version}, ${process.platform} ${process.arch}, ` +
    `${availableParallelism()} cores of ${model}, ${memoryGib} GiB, load average at the start ${numberText(LOAD_AT_START)}`
  );
}

/**
 * The document with this text between the two comments of that name: what is there is replaced, so that one document
 * holds a section for each Node. Without them it is added at the end.
 */
export function withNamedSection(document: string, name: string, text: string): string {
  const begin = `<!-- ${name} -->`;
  const end = `<!-- end of ${name} -->`;
  const section = `${begin}\n${text}\n${end}`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from !== -1 && to > from) return document.slice(0, from) + section + document.slice(to + end.length);
  return `${document}${document === '' || document.endsWith('\n\n') ? '' : '\n'}${section}\n`;
}

/** Writes what `change` makes of the document; one that is missing is empty. */
export function rewriteDocument(file: string, change: (document: string) => string): void {
  writeFileSync(file, change(existsSync(file) ? readFileSync(file, 'utf8') : ''));
}

/** Replaces the section of that name in the document. */
export function writeSection(file: string, name: string, text: string): void {
  rewriteDocument(file, (document) => withNamedSection(document, name, text));
}
