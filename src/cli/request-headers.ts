/** The flags `--header`, `--token` and `--token-file` of the commands that are HTTP clients. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { optionError } from '../config/option-error.js';
import { OPTION_TABLE } from '../config/option-table.js';
import { messageOf } from '../shared/errors.js';

export interface GivenHeaders {
  /** `Name: value`, or `@file` with such lines. */
  readonly headers: readonly string[];
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  /** `BULKHEAD_TOKEN` may have the token. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Headers that the transport itself sets. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'transfer-encoding',
]);

/**
 * The headers for every request, the token among them.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`, without showing a value
 */
export function requestHeaders(request: GivenHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const written of request.headers) {
    const isFile = written.startsWith('@');
    const label = isFile ? `--header ${written}` : '--header';
    const lines = isFile ? readLines(label, written.slice(1), request.cwd) : [written];
    for (const line of lines) {
      const [name, value] = headerOf(label, line);
      if (name in headers) throw optionError(`${label} gives ${name} twice, but it can be given once.`);
      headers[name] = value;
    }
  }
  const given = tokenOf(request);
  if (given === undefined) return headers;
  if ('authorization' in headers) {
    throw optionError(`${given.label} and --header both give Authorization: keep one of them.`);
  }
  return { ...headers, authorization: `Bearer ${given.token}` };
}

/** What is wrong is not shown: a header may hold a secret. */
function headerOf(label: string, line: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+):([\x20-\x7e\t\x80-\xff]*)$/.exec(line) ?? [];
  if (name === '') {
    throw optionError(
      label === '--header'
        ? '--header is a value that is not shown here, but must be like "X-Api-Key: secret", or @file with such lines.'
        : `${label} has a line that is not shown here, but must be like "X-Api-Key: secret".`,
    );
  }
  const lower = name.toLowerCase();
  if (OWN_HEADERS.has(lower))
    throw optionError(`${label} gives ${name}, which is set for each request anyway.`);
  return [lower, value.trim()];
}

/**
 * A flag can be seen by other users of the machine; a file or a variable cannot.
 * @returns the token, and where it was given
 */
function tokenOf({ token, tokenFile, environment, cwd }: GivenHeaders): GivenToken | undefined {
  if (token !== undefined && tokenFile !== undefined) {
    throw optionError('--token and --token-file both give the token: keep one of them.');
  }
  if (tokenFile !== undefined) {
    const label = `--token-file ${tokenFile}`;
    const [first] = readLines(label, tokenFile, cwd);
    if (first === undefined)
      throw optionError(`${label} is empty, but must have the token in its first line.`);
    return checked(`The first line of ${label}`, first);
  }
  if (token !== undefined) return checked('--token', token);
  const { BULKHEAD_TOKEN: variable } = environment;
  return variable === undefined ? undefined : checked('BULKHEAD_TOKEN', variable);
}

interface GivenToken {
  readonly label: string;
  readonly token: string;
}

function checked(label: string, token: string): GivenToken {
  const { expected, schema } = OPTION_TABLE.token;
  if (schema.safeParse(token).success) return { label, token };
  throw optionError(`${label} is a value that is not shown here, but must be ${expected}.`);
}

/** Those that are not empty. */
function readLines(label: string, file: string, cwd: string): string[] {
  try {
    const lines = readFileSync(resolve(cwd, file), 'utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  } catch (error) {
    throw optionError(`${label} cannot be read: ${messageOf(error)}.`, error);
  }
}
