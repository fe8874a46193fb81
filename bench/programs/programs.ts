/** The real servers: pinned packages in a folder of their own, and one of the tree in another language. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentFor } from '../../src/servers/server-environment.js';
import { installInto, versionIn } from '../installation.js';
import { MARK_VARIABLE } from '../peers/marked-processes.js';
import {
  everything,
  filesystem,
  listsAlone,
  memory,
  notes,
  playwright,
  type ScriptIn,
  sequentialThinking,
} from './conversations.js';
import type { Command } from './stdio-wire.js';

/** Where the pinned packages are; never the project's own dependencies. */
export const PREFIX = fileURLToPath(new URL('../../../.programs/', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../../bench/programs/packages/', import.meta.url));
const NOTES = fileURLToPath(new URL('../../../test/fixtures/programs/notes.py', import.meta.url));

/** In which every server starts. */
export const FOLDER = join(PREFIX, 'work');
/** In which servers may write; made anew for each conversation, always at the same path. */
const FILES = join(FOLDER, 'files');

export type Isolation = 'thread' | 'process';

export interface Program {
  readonly name: string;
  /** One clause: what is said of it beside the table. */
  readonly note: string;
  /** What the catalogue's entry names: an installed package, or a command. */
  readonly of: { readonly package: string; readonly bin: string } | { readonly command: string };
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly script: ScriptIn;
}

const OFFICIAL = '@modelcontextprotocol';

function packaged(
  name: string,
  bin: string,
  script: ScriptIn,
  more: Partial<Pick<Program, 'args' | 'env' | 'note'>> = {},
): Program {
  return {
    name: name.replace(`${OFFICIAL}/`, ''),
    note: '',
    of: { package: name, bin },
    args: [],
    env: {},
    script,
    ...more,
  };
}

export const PROGRAMS: readonly Program[] = [
  packaged(`${OFFICIAL}/server-everything`, 'dist/index.js', everything),
  packaged(`${OFFICIAL}/server-filesystem`, 'dist/index.js', filesystem, { args: [FILES] }),
  packaged(`${OFFICIAL}/server-memory`, 'dist/index.js', memory, {
    env: { MEMORY_FILE_PATH: join(FILES, 'memory.jsonl') },
  }),
  packaged(`${OFFICIAL}/server-sequential-thinking`, 'dist/index.js', sequentialThinking),
  packaged('@playwright/mcp', 'cli.js', playwright, {
    args: ['--headless', '--no-sandbox', '--isolated', '--executable-path', '/usr/bin/chromium'],
    note: "with Debian's Chromium, which no session has started while memory is measured",
  }),
  packaged('@upstash/context7-mcp', 'dist/index.js', listsAlone, { note: 'started only, without network' }),
  packaged('@notionhq/notion-mcp-server', 'bin/cli.mjs', listsAlone, {
    note: 'started only, without network',
  }),
  {
    name: 'notes.py',
    note: "with Python's standard library alone, in `test/fixtures/programs/`",
    of: { command: 'python3' },
    args: [NOTES],
    env: {},
    script: notes,
  },
];

export function install(progress: (message: string) => void): Promise<void> {
  return installInto(PREFIX, SOURCES, progress);
}

/** Of what is installed; empty for what is in the tree. */
export function versionOf({ of }: Program): string {
  return 'package' in of ? versionIn(PREFIX, of.package) : '';
}

/** Makes the folders of a conversation anew. */
export function freshFolder(): string {
  rmSync(FILES, { recursive: true, force: true });
  mkdirSync(join(FILES, 'sub'), { recursive: true });
  writeFileSync(join(FILES, 'a.txt'), 'first line\nsecond line: äöü 🎉\n');
  writeFileSync(join(FILES, 'b.md'), '# One\n\ntwo\n');
  writeFileSync(join(FILES, 'sub', 'c.txt'), 'below\n');
  return FILES;
}

/**
 * A program's entry in a catalogue.
 * @param mark by which the processes of the program are found
 */
export function entryOf(
  { of, args, env }: Program,
  isolation: Isolation,
  mark: string,
  more: object = {},
): object {
  const what = 'package' in of ? { package: of.package } : { command: of.command };
  return { ...what, args, env: { ...env, [MARK_VARIABLE]: mark }, cwd: FOLDER, isolation, ...more };
}

/** How a client starts it directly, with the environment that it has in the gateway. */
export function commandOf({ of, args, env }: Program, mark: string): Command {
  const environment = environmentFor({ env: { ...env, [MARK_VARIABLE]: mark }, inheritEnv: [] }, process.env);
  const started =
    'package' in of
      ? { file: process.execPath, args: [join(PREFIX, 'node_modules', of.package, of.bin), ...args] }
      : { file: of.command, args };
  return { ...started, cwd: FOLDER, env: environment };
}
