/** Writes new files: all of them, or none. */
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../shared/errors.js';
import { CommandFailure } from '../failure.js';

/**
 * Makes the folder if it does not exist, and writes the files into it. No file is overwritten.
 * @param files the text of each file, by its path in the folder
 * @throws {CommandFailure} if one cannot be written; then everything that was made is removed
 */
export function writeProject(folder: string, files: ReadonlyMap<string, string>): void {
  const undo: Undo[] = [];
  try {
    for (const [name, text] of files) {
      const path = join(folder, ...name.split('/'));
      makeFolder(dirname(path), undo);
      const descriptor = openSync(path, 'wx');
      undo.push({ path, remove: () => rmSync(path) });
      try {
        writeFileSync(descriptor, text);
      } finally {
        closeSync(descriptor);
      }
    }
  } catch (error) {
    const left = removeMade(undo);
    const state = left.length === 0 ? 'Nothing is left of it.' : `Remove what is left: ${left.join(', ')}.`;
    throw new CommandFailure(`The project cannot be written: ${messageOf(error)}. ${state}`, {
      cause: error,
    });
  }
}

interface Undo {
  readonly path: string;
  remove(): void;
}

/** Makes the folders above first. `mkdir` with `recursive` does not say what it has made when it fails half-way. */
function makeFolder(path: string, undo: Undo[]): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), undo);
  mkdirSync(path);
  undo.push({ path, remove: () => rmdirSync(path) });
}

/** @returns the paths that cannot be removed, such as a folder into which another program has put something */
function removeMade(undo: readonly Undo[]): string[] {
  return [...undo].reverse().flatMap(({ path, remove }) => {
    try {
      remove();
      return [];
    } catch {
      // The caller names it; the reason that counts is that of the first failure.
      return [path];
    }
  });
}
