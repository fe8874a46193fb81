/** `bulkhead bridge`: connects a client that speaks stdio to an MCP server over Streamable HTTP. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bridge } from '../bridge/bridge.js';
import { optionError } from '../config/option-error.js';
import { httpUrl } from '../config/option-kinds.js';
import { OPTION_TABLE } from '../config/option-table.js';
import { messageOf } from '../shared/errors.js';
import { EXIT_OK } from './failure.js';
import { watchStopSignals } from './signals.js';

/** The arguments and flags of `bulkhead bridge`, as text. */
export interface BridgeRequest {
  readonly url: string;
  /** `Name: value`, or `@file` with such lines. */
  readonly headers: readonly string[];
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
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
 * Relays until the client closes its end, or a signal comes.
 * @returns the exit code: 0
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments
 */
export async function bridge(request: BridgeRequest): Promise<number> {
  const url = httpUrl.schema.safeParse(request.url);
  if (!url.success) {
    throw optionError(`<url> is ${JSON.stringify(request.url)}, but must be ${httpUrl.expected}.`);
  }
  const headers = headersOf(request);
  let running: Bridge | undefined;
  // A second signal changes nothing: the end takes no longer than it has to.
  const stop = watchStopSignals(() => {});
  stop.signal.addEventListener('abort', () => running?.stop());
  const { Bridge } = await import('../bridge/bridge.js');
  running = new Bridge({
    url: url.data,
    headers,
    input: process.stdin,
    output: process.stdout,
    warn: (message) => void process.stderr.write(`bulkhead bridge: ${message}\n`),
  });
  if (stop.signal.aborted) running.stop();
  await running.run();
  stop.release();
  return EXIT_OK;
}

function headersOf(request: BridgeRequest): Record<string, string> {
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
    throw optionError(`--header gives ${name}, which the bridge itself has to set.`);
  return [lower, value.trim()];
}

/** A flag can be seen by other users of the machine; a file or a variable cannot. */
function tokenOf({ token, tokenFile, environment, cwd }: BridgeRequest): string | undefined {
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
