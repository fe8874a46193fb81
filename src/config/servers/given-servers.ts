/** The servers as given in a config file, in a client's file, or to `createGateway`. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { messageOf } from '../../shared/errors.js';
import { parseJsonc, repeatedKeys } from '../jsonc.js';
import { optionError } from '../option-error.js';
import { camelCase, OPTION_NAMES } from '../option-table.js';

export interface GivenServers {
  /** As written, unchecked. */
  readonly entries: unknown;
  /** The names that appear more than once in the text. */
  readonly repeated: ReadonlySet<string>;
  /** The key of the map. */
  readonly key: 'servers' | 'mcpServers';
  /** As the user wrote it; `undefined`: there is no file. */
  readonly file: string | undefined;
  /** Where relative paths start, and the working folder of servers. */
  readonly folder: string;
  /** Whether they are from a client's file. */
  readonly ofClient: boolean;
}

/** Whether the file is a client's configuration, not a module. */
export function isClientFile(path: string): boolean {
  return /\.jsonc?$/i.test(path);
}

/**
 * The stdio servers of a client's configuration: `mcpServers` of Claude Code, Claude Desktop, Cursor, Windsurf and others, or
 * `servers` of VS Code.
 * @param file as the user wrote it
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if it has none.
 */
export function readClientFile(path: string, file: string): GivenServers {
  let text: string;
  let content: unknown;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw optionError(`The client's file ${path} cannot be read: ${messageOf(error)}.`, error);
  }
  try {
    content = parseJsonc(text);
  } catch (error) {
    throw optionError(`The client's file ${path} is not JSON: ${messageOf(error)}.`, error);
  }
  const values = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const key = (['mcpServers', 'servers'] as const).find((name) => values[name] !== undefined);
  if (key === undefined) {
    throw optionError(
      `The client's file ${path} must have "mcpServers", or "servers" as that of VS Code, such as {"mcpServers": {"memory": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]}}}.`,
    );
  }
  const option = Object.keys(values).find((name) => {
    return OPTION_NAMES.some((known) => known === name || camelCase(known) === name);
  });
  if (key === 'servers' && option !== undefined) {
    throw optionError(
      `${path} has ${JSON.stringify(option)}, so it is a config file, not a client's file: use --config ${file}.`,
    );
  }
  return {
    entries: values[key],
    repeated: repeatedKeys(text, key),
    key,
    file,
    folder: workspaceOf(dirname(path)),
    ofClient: true,
  };
}

/** Editors keep theirs in a folder of the workspace, but start servers in the workspace itself. */
function workspaceOf(folder: string): string {
  return ['.vscode', '.cursor'].includes(basename(folder)) ? dirname(folder) : folder;
}
