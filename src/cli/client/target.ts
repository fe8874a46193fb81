/** What `<server>` names: an address, a file whose server is run here, or the command after `--`. */
import { basename } from 'node:path';
import { optionError } from '../../config/option-error.js';
import { absolutePathOrUrl, fileAt, httpUrl } from '../../config/option-kinds.js';

export type Target =
  | { readonly kind: 'url'; readonly url: URL }
  /** A module, or a file with servers. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

const EXPECTED = `${httpUrl.expected}, or the path of a server module or of a file with servers (.json)`;

/**
 * @param written `undefined` where a command follows `--`
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`
 */
export function readTarget(
  written: string | undefined,
  command: readonly string[] | undefined,
  cwd: string,
): Target {
  if (command !== undefined) return { kind: 'command', command };
  const url = httpUrl.schema.safeParse(written);
  if (url.success) return { kind: 'url', url: url.data };
  const path =
    written === undefined || written === '' ? undefined : fileAt(String(absolutePathOrUrl(written, cwd)));
  if (path !== undefined) return { kind: 'file', path };
  const known = missingFile(written, cwd) ?? meantAddress(written);
  throw optionError(`<server> is ${JSON.stringify(written)}${known}, but must be ${EXPECTED}.`);
}

function missingFile(written = '', cwd: string): string | undefined {
  return /\.(?:[cm]?[jt]s|jsonc?)$/i.test(written) ? `, a file that ${cwd} does not have` : undefined;
}

function meantAddress(written = ''): string {
  const address = `http://${written}`;
  if (!/^[\w.-]+:\d+(?:\/|$)/.test(written) || !URL.canParse(address)) return '';
  const url = new URL(address);
  if (url.pathname === '/') url.pathname = '/mcp';
  return ` (did you mean ${JSON.stringify(url.href)}?)`;
}

/**
 * Whether a file is the gateway's own config file, not a client's. Both may have `servers`: VS Code's file is always
 * called `mcp.json`.
 */
export function isConfigFile(path: string, content: unknown): boolean {
  if (typeof content !== 'object' || content === null || 'mcpServers' in content) return false;
  return basename(path) !== 'mcp.json';
}
