/** Lines of a file around a place in it, with a caret, as compilers show them. */
import { readFile, stat } from 'node:fs/promises';
import type { Position } from '../shared/author-stack.js';

/** What is larger was not written by hand. */
const MAX_FILE_BYTES = 2 * 2 ** 20;
const LINES_AROUND = 2;
/** A longer line is cut around the place. */
const MAX_LINE_CHARS = 100;
const CHARS_BEFORE = 60;

/** @returns the place as `file:line:column`, and the lines around it if the file can be read */
export async function codeFrame(position: Position): Promise<string> {
  const { file, line, column } = position;
  const place = `${file}:${line}:${column}`;
  const text = await textOf(file);
  const lines = text?.split(/\r?\n/) ?? [];
  if (lines[line - 1] === undefined) return place;
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const from = column > MAX_LINE_CHARS ? column - CHARS_BEFORE : 0;
  const digits = String(last).length;
  const shown: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const code = cutLine(lines[number - 1] ?? '', from);
    if (code === '' && number === last && number !== line) break;
    const mark = number === line ? '>' : ' ';
    shown.push(`${mark} ${String(number).padStart(digits)} | ${code}`.trimEnd());
    if (number === line)
      shown.push(`  ${' '.repeat(digits)} | ${' '.repeat(Math.max(0, column - 1 - from))}^`);
  }
  return `${place}\n\n${shown.join('\n')}`;
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    return size > MAX_FILE_BYTES ? undefined : await readFile(file, 'utf8');
  } catch {
    // Without the lines, the place says enough: the file may be gone, or a data: URL.
    return undefined;
  }
}

/** A tab is one column wide, so that the caret is below its character. */
function cutLine(line: string, from: number): string {
  return line.slice(from, from + MAX_LINE_CHARS).replaceAll('\t', ' ');
}
