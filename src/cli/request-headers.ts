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
    const lines = written.startsWith('@') ? readLines(written.slice(1), request.cwd) : [written];
    for (const line of lines) {
      const [name, value] = headerOf(line);
      if (name in headers) throw optionError(`--header gives ${name} twice, but must give it once.`);
      headers[name] = value;
    }
  }
  const token = tokenOf(request);
  if (token === undefined) return headers;
  if ('authorization' in headers) {
    throw optionError('Both --header and the token set Authorization, but only one can.');
  }
  return { ...headers, authorization: `Bearer ${token}` };
}

/** What is wrong is not shown: a header may hold a secret. */
function headerOf(line: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\w-]+):([\x20-\x7e\t\x80-\xff]*)$/.exec(line) ?? [];
  if (name === '') {
    throw optionError(
      '--header is a value that is not shown here, but must be like "X-Api-Key: secret", or @file with such lines.',
    );
  }
  const lower = name.toLowerCase();
  if (OWN_HEADERS.has(lower))
    throw optionError(`--header gives ${name}, which is set for each request anyway.`);
  return [lower, value.trim()];
}

/** A flag can be seen by other users of the machine; a file or a variable cannot. */
function tokenOf({ token, tokenFile, environment, cwd }: GivenHeaders): string | undefined {
  if (token !== undefined && tokenFile !== undefined) {
    throw optionError('Both --token and --token-file are given, but only one can be.');
  }
  const [given, label] =
    tokenFile !== undefined
      ? [readLines(tokenFile, cwd)[0], `The token in ${tokenFile}`]
      : [token ?? environment.BULKHEAD_TOKEN, 'The token'];
  const { expected, schema } = OPTION_TABLE.token;
  if ((given === undefined && tokenFile === undefined) || schema.safeParse(given).success) {
    return given;
  }
  throw optionError(`${label} is a value that is not shown here, but must be ${expected}.`);
}

function readLines(file: string, cwd: string): string[] {
  try {
    const lines = readFileSync(resolve(cwd, file), 'utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  } catch (error) {
    throw optionError(`${file} cannot be read: ${messageOf(error)}.`, error);
  }
}
