/** Entries whose processes run a Node program with the gateway's own Node, so that it can be started from a bundle. */
import { realpathSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { CommandEntry, ScriptEntry } from './server-entry.js';

export interface NodeProgramEntry {
  /** As Node is given it. */
  readonly script: string;
  /** Those of the script. */
  readonly args: readonly string[];
}

/** `undefined` for other commands, for another version of Node, and if Node itself is given options. */
export function nodeProgram(
  entry: CommandEntry | ScriptEntry,
  { PATH = '' }: Readonly<Record<string, string>>,
): NodeProgramEntry | undefined {
  if (entry.kind === 'script') return entry;
  const [script, ...args] = entry.args;
  if (script === undefined || script.startsWith('-') || !isFile(resolve(entry.cwd, script))) return undefined;
  return isOwnNode(entry.command, PATH) ? { script, args } : undefined;
}

/** V8's code cache is that of one version. */
function isOwnNode(command: string, path: string): boolean {
  if (command === process.execPath) return true;
  // A path would be found from the folder of the process, and on Windows a command has an extension.
  if (command !== 'node' || process.platform === 'win32') return false;
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isFile);
  return found !== undefined && realpathSync(found) === realpathSync(process.execPath);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
