/** Where `bulkhead init` makes a project, and how the project is named. */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { optionError } from '../../config/option-error.js';
import { messageOf } from '../../shared/errors.js';

export interface ProjectFolder {
  /** The absolute path. The folder may not exist yet. */
  readonly path: string;
  /** The folder's name, which the package has as well. */
  readonly name: string;
}

/** A package's name without a scope (npm, package.json, "name"), which may stand in a shell and in code as it is. */
const NAME = /^[a-z0-9][a-z0-9._-]*$/;
const MAX_NAME_LENGTH = 214;

/** Names that npm refuses, and those of packages that the project itself imports. */
const TAKEN = ['node_modules', 'favicon.ico', 'mcp-bulkhead', 'zod', 'tsx', 'typescript'];

/** What a folder may contain that counts as empty: a new repository, and what macOS puts everywhere. */
const IGNORED = ['.git', '.DS_Store'];

/**
 * @param written the folder as the user wrote it
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if its name cannot be a package's, or if it is not empty
 */
export function projectFolder(written: string, cwd: string): ProjectFolder {
  const path = resolve(cwd, written);
  const name = basename(path);
  if (!NAME.test(name) || name.length > MAX_NAME_LENGTH) {
    throw optionError(
      `The project is named after its folder, but ${JSON.stringify(name)} cannot be the name of a package: ` +
        `use at most ${MAX_NAME_LENGTH} lowercase letters, digits, dots, hyphens and underscores, such as my-mcp-server.`,
    );
  }
  if (TAKEN.includes(name)) {
    throw optionError(
      `The project is named after its folder, but ${name} is the name of another package: choose another one.`,
    );
  }
  requireEmpty(path, written);
  return { path, name };
}

function requireEmpty(path: string, written: string): void {
  let entries: string[];
  try {
    entries = readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code === 'ENOTDIR') throw optionError(`${written} is not a folder: choose another name.`, error);
    throw optionError(`${written} cannot be read: ${messageOf(error)}.`, error);
  }
  const found = entries.filter((entry) => !IGNORED.includes(entry));
  if (found.length === 0) return;
  const others = found.length === 1 ? '' : ` and ${found.length - 1} more`;
  throw optionError(
    `${written === '.' || written === '' ? 'This folder' : written} is not empty: it has ${found[0]}${others}. ` +
      'Name a folder that is new or empty; nothing is ever overwritten.',
  );
}
