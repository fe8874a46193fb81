/**
 * Reads the stacks of errors as V8 writes them, and leaves the author's part of them. It never uses a regular expression
 * on a whole stack: hosted code can put any text there.
 */
import { fileURLToPath } from 'node:url';

/** A place in a file. Lines and columns count from 1. */
export interface Position {
  /** Absolute. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A longer text is cut before it is read. */
const MAX_STACK_CHARS = 16_384;
const FRAME = /^\s{2,}at /;
/** This package's built code, its tests and their modules excepted. */
const OWN_FOLDERS = ['src/', 'workers/'].map((folder) =>
  fileURLToPath(new URL(`../../${folder}`, import.meta.url)),
);
/** It calls the entry of each session thread. */
const THREAD_POOL = /[/\\]node_modules[/\\]piscina[/\\]/;

/**
 * The stack from the author's first frame to the last one: without the frames of the gateway and of Node above and below
 * them. A stack may have several parts, each with a head and frames: an error and its causes.
 * @returns `undefined` if no frame is the author's
 */
export function authorStack(stack: string): string | undefined {
  const kept: string[] = [];
  let any = false;
  for (const { head, frames } of partsOf(stack)) {
    const first = frames.findIndex(isAuthors);
    const own = first < 0 ? [] : frames.slice(first, frames.findLastIndex(isAuthors) + 1);
    any ||= own.length > 0;
    kept.push(...head, ...own);
  }
  return any ? kept.join('\n') : undefined;
}

/** Where the author's first frame is; `undefined` if no frame is the author's. */
export function authorPosition(stack: string): Position | undefined {
  return partsOf(stack)[0]?.frames.map(positionOf).find(isOfAuthor);
}

interface Part {
  readonly head: string[];
  readonly frames: string[];
}

function partsOf(stack: string): Part[] {
  const parts: Part[] = [];
  let part: Part | undefined;
  for (const line of stack.slice(0, MAX_STACK_CHARS).split('\n')) {
    const isFrame = FRAME.test(line);
    if (part === undefined || (!isFrame && part.frames.length > 0)) {
      part = { head: [], frames: [] };
      parts.push(part);
    }
    (isFrame ? part.frames : part.head).push(line);
  }
  return parts;
}

function isAuthors(frame: string): boolean {
  return isOfAuthor(positionOf(frame));
}

function isOfAuthor(position: Position | undefined): position is Position {
  if (position === undefined) return false;
  const { file } = position;
  if (!file.startsWith('/') && !/^[a-z]:[\\/]/i.test(file)) return false;
  return !OWN_FOLDERS.some((folder) => file.startsWith(folder)) && !THREAD_POOL.test(file);
}

/** `at name (file:line:column)`, `at file:line:column` or `at async file:line:column`. */
function positionOf(frame: string): Position | undefined {
  const named = frame.endsWith(')');
  const end = named ? frame.length - 1 : frame.length;
  const beforeColumn = frame.lastIndexOf(':', end);
  const beforeLine = frame.lastIndexOf(':', beforeColumn - 1);
  const paren = named ? frame.indexOf(' (') : -1;
  const start = paren >= 0 ? paren + 2 : frame.indexOf('at ') + 3;
  if (beforeLine <= start) return undefined;
  const line = Number(frame.slice(beforeLine + 1, beforeColumn));
  const column = Number(frame.slice(beforeColumn + 1, end));
  if (!Number.isInteger(line) || !Number.isInteger(column)) return undefined;
  return { file: pathOf(frame.slice(start, beforeLine).replace(/^async /, '')), line, column };
}

function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    // Any text can be in a stack.
    return file;
  }
}
