/** The difference between a text and its edited form, as `diff -u` shows it. */
import { applyEdits, inOrder, type TextEdit } from './json-document.js';

const CONTEXT = 3;

interface Hunk {
  /** Lines of the old text, counted from 0; the end is exclusive. */
  start: number;
  end: number;
  readonly edits: TextEdit[];
}

/**
 * @param text empty for a new file
 * @returns lines without line breaks; none if nothing differs
 */
export function unifiedDifference(path: string, text: string, edits: readonly TextEdit[]): string[] {
  const starts = lineStarts(text);
  const lineOf = (offset: number): number => {
    let line = starts.length - 1;
    while (line > 0 && (starts[line] ?? 0) > offset) line -= 1;
    return line;
  };
  const lineCount = text === '' ? 0 : starts.length;
  const hunks: Hunk[] = [];
  for (const edit of inOrder(edits)) {
    const start = Math.max(0, lineOf(edit.offset) - CONTEXT);
    const end = Math.min(lineCount, lineOf(edit.offset + edit.length) + 1 + CONTEXT);
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) {
      last.end = Math.max(last.end, end);
      last.edits.push(edit);
    } else hunks.push({ start, end, edits: [edit] });
  }
  let shift = 0;
  const body = hunks.flatMap(({ start, end, edits: own }) => {
    const from = starts[start] ?? 0;
    const old = text.slice(from, starts[end] ?? text.length);
    const moved = own.map((edit) => ({ ...edit, offset: edit.offset - from }));
    const lines = compare(linesOf(old), linesOf(applyEdits(old, moved)));
    const trimmed = trimContext(lines);
    const skipped = trimmed.skipped;
    const oldLength = trimmed.lines.filter((line) => !line.startsWith('+')).length;
    const newLength = trimmed.lines.filter((line) => !line.startsWith('-')).length;
    if (oldLength === newLength && trimmed.lines.every((line) => line.startsWith(' '))) return [];
    const first = start + skipped;
    const header = `@@ -${range(first, oldLength)} +${range(first + shift, newLength)} @@`;
    shift += newLength - oldLength;
    return [header, ...trimmed.lines];
  });
  return body.length === 0 ? [] : [`--- ${text === '' ? '(new)' : path}`, `+++ ${path}`, ...body];
}

/** Lines count from 1. For an empty range, the line before it is named. */
function range(first: number, length: number): string {
  return `${length === 0 ? first : first + 1},${length}`;
}

/** Keeps this many lines of context on each side. */
function trimContext(lines: readonly string[]): { lines: string[]; skipped: number } {
  const isChange = (line: string): boolean => !line.startsWith(' ');
  const firstChange = lines.findIndex(isChange);
  if (firstChange < 0) return { lines: [], skipped: 0 };
  const skipped = Math.max(0, firstChange - CONTEXT);
  const end = lines.findLastIndex(isChange) + 1 + CONTEXT;
  return { lines: lines.slice(skipped, end), skipped };
}

/** By their longest common subsequence. Hunks are short: the entries of one file, with a few lines around each. */
function compare(before: readonly string[], after: readonly string[]): string[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: string[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push(` ${before[row]}`);
      row += 1;
      column += 1;
    } else if (
      row < before.length &&
      (column === after.length || at(row + 1, column) >= at(row, column + 1))
    ) {
      lines.push(`-${before[row]}`);
      row += 1;
    } else {
      lines.push(`+${after[column]}`);
      column += 1;
    }
  }
  return lines;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

/** Carriage returns are not shown, because a terminal would execute them. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
