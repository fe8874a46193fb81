/**
 * Finds the place in the author's files that keeps a server module from starting. V8 says it of what throws. Of a file that
 * cannot be read as a module, Node often says neither its name nor the line; esbuild does.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from 'esbuild';
import { authorPosition, type Position } from '../shared/author-stack.js';
import { withEsbuild } from './esbuild.js';

export interface StartFault extends Position {
  /** What is wrong there, where that is known better than from the error itself. */
  readonly message?: string;
}

/** Node's own words for an import that leads nowhere. */
const MISSING = /Cannot find (?:module|package) '([^'\n]+)' imported from ([^\n]+)/;
/** The error says of the file only that Node does not know its kind. */
const UNKNOWN_KIND = 'ERR_UNKNOWN_FILE_EXTENSION';
/** What esbuild refuses and Node does not. */
const NO_FAULT = /^No loader is configured|^Could not resolve/;
const NO_TOP_LEVEL_AWAIT = /^Top-level await is (?:currently )?not (?:supported|available)/;
const MAX_AWAITS = 3;

/**
 * @param path of the server module
 * @param stack of the error that ended its start, with positions in the author's files
 */
export async function startFault(path: string, stack: string): Promise<StartFault | undefined> {
  const found = decorated(stack) ?? authorPosition(stack) ?? (await missingImport(stack));
  if (found !== undefined) return found;
  const first = (await buildErrors(path, 'esm')).find(({ text }) => !NO_FAULT.test(text));
  const position = first && positionIn(first, path);
  if (first === undefined || position === undefined) return undefined;
  return stack.includes(UNKNOWN_KIND) ? { ...position, message: first.text } : position;
}

/** Where the module, or what it imports, waits at its top level: at most 3 places. */
export async function topLevelAwaits(path: string): Promise<Position[]> {
  // A format that has none of them names each one.
  const errors = await buildErrors(path, 'cjs');
  return errors
    .filter(({ text }) => NO_TOP_LEVEL_AWAIT.test(text))
    .slice(0, MAX_AWAITS)
    .flatMap((error) => positionIn(error, path) ?? []);
}

/** Node begins some stacks with `file:line`, the line, and a caret below it. */
function decorated(stack: string): Position | undefined {
  const [place = '', , caret = ''] = stack.split('\n', 3);
  const end = place.lastIndexOf(':');
  const line = Number(place.slice(end + 1));
  if (end < 0 || !Number.isInteger(line) || line < 1) return undefined;
  const file = place.slice(0, end);
  if (!file.startsWith('file:') && !file.startsWith('/') && !/^[a-z]:\\/i.test(file)) return undefined;
  const column = caret.indexOf('^') + 1;
  return { file: file.startsWith('file:') ? fileURLToPath(file) : file, line, column: Math.max(1, column) };
}

async function missingImport(stack: string): Promise<Position | undefined> {
  const [, missing, from] = MISSING.exec(stack) ?? [];
  if (missing === undefined || from === undefined) return undefined;
  const file = from.trim().startsWith('file:') ? fileURLToPath(from.trim()) : from.trim();
  // Without its text, the error's own words have to do.
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const [index, code] of text.split('\n').entries()) {
    for (const { 1: specifier = '', index: at } of code.matchAll(/['"]([^'"]+)['"]/g)) {
      const isIt = specifier.startsWith('.')
        ? resolve(dirname(file), specifier) === missing
        : specifier === missing || specifier.startsWith(`${missing}/`);
      if (isIt) return { file, line: index + 1, column: at + 1 };
    }
  }
  return undefined;
}

function buildErrors(path: string, format: 'esm' | 'cjs'): Promise<readonly Message[]> {
  return withEsbuild(async ({ build }) => {
    try {
      await build({
        entryPoints: [path],
        absWorkingDir: dirname(path),
        bundle: true,
        write: false,
        platform: 'node',
        target: `node${process.versions.node}`,
        format,
        logLevel: 'silent',
      });
      return [];
    } catch (error) {
      const { errors } = error as { readonly errors?: readonly Message[] };
      if (errors === undefined) throw error;
      return errors;
    }
  });
}

function positionIn({ location }: Message, path: string): Position | undefined {
  if (location === null) return undefined;
  const { file, line, column } = location;
  return { file: resolve(dirname(path), file), line, column: column + 1 };
}
