/** `bulkhead call`: connects as a client, calls one tool and prints what it answers. */

import { parseDuration } from '../config/duration.js';
import { didYouMean } from '../config/nearest.js';
import { optionError } from '../config/option-error.js';
import { httpUrl } from '../config/option-kinds.js';
import { OPTION_TABLE } from '../config/option-table.js';
import { messageOf } from '../shared/errors.js';
import { parseJson } from '../shared/json-text.js';
import { type InputRequired, type Inputs, parseInputs, renderInputRequests } from './call/input-requests.js';
import { sessionClient } from './call/session-client.js';
import { StatelessClient } from './call/stateless-client.js';
import type { ListedTool, ToolClient, ToolResult } from './call/tool-client.js';
import { renderResult } from './call/tool-result.js';
import type { ConnectOptions } from './connection.js';
import { CommandFailure, EXIT_FAILED, EXIT_OK } from './failure.js';
import { watchStopSignals } from './signals.js';

/** The arguments and flags of `bulkhead call`, as text. */
export interface CallRequest {
  readonly url: string;
  readonly tool: string;
  /** The tool's arguments as a JSON object. */
  readonly json: string | undefined;
  readonly token: string | undefined;
  readonly timeout: string;
  readonly era: string;
  /** Answers to what the server asks, each `key=json`. */
  readonly inputs: readonly string[];
  /** Prints the result unchanged, as JSON. */
  readonly raw: boolean;
  /** The client's version. */
  readonly version: string;
}

/** How long a server may take to say that it serves the stateless era, before it is asked for a session. */
const PROBE_MS = 5_000;

const ERAS = ['auto', 'session', 'stateless'] as const;
type Era = (typeof ERAS)[number];

/**
 * @returns the exit code: 0, or 1 if the tool itself reports an error, or asks for input that was not given
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments, and for a tool that the server does not have
 * @throws {CommandFailure} if there is no connection or no result
 */
export async function call(request: CallRequest): Promise<number> {
  const url = parseUrl(request.url);
  const toolArguments = parseArguments(request.json);
  const timeoutMs = parseDuration(request.timeout);
  if (timeoutMs === undefined || timeoutMs === 0) {
    throw optionError(
      `--timeout is ${JSON.stringify(request.timeout)}, but must be a duration such as 500ms, 30s or 5m.`,
    );
  }
  const { version, tool } = request;
  const era = parseEra(request.era);
  const inputs = parseInputs(request.inputs);
  const token = checkToken(request.token);
  const stop = watchStopSignals();
  let client: ToolClient | undefined;
  try {
    client = await connectIn(era, { url, token, version, timeoutMs, signal: stop.signal }, inputs);
    const result = await client.call(await requireTool(client, tool), toolArguments);
    return show(tool, result, request.raw);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`bulkhead: interrupted: ${tool} was cancelled.\n`);
    return stop.exitCode();
  } finally {
    await client?.end();
    stop.release();
  }
}

/**
 * With `auto`, asks for the stateless era first, and for a session if that is refused, whatever the reason (2026-07-28,
 * Versioning): if there is no server at all, the second attempt says so.
 */
async function connectIn(era: Era, options: ConnectOptions, inputs: Inputs): Promise<ToolClient> {
  if (era !== 'session') {
    const client = new StatelessClient(options, inputs);
    try {
      await client.discover(era === 'auto' ? Math.min(PROBE_MS, options.timeoutMs) : options.timeoutMs);
      return client;
    } catch (error) {
      await client.end();
      if (era === 'stateless' || options.signal.aborted || !(error instanceof CommandFailure)) throw error;
    }
  }
  const client = await sessionClient(options);
  if (inputs.size === 0) return client;
  await client.end();
  throw optionError(
    '--input answers what a server asks in the stateless era; here is none, but a session (--era).',
  );
}

/** @returns the exit code */
function show(tool: string, result: ToolResult | InputRequired, raw: boolean): number {
  if (raw) process.stdout.write(`${JSON.stringify(result)}\n`);
  if (isInputRequired(result)) {
    process.stderr.write(
      `bulkhead: ${tool} asks for input; call it again with the answers:\n${renderInputRequests(result)}\n`,
    );
    return EXIT_FAILED;
  }
  const isError = result.isError === true;
  if (!raw) (isError ? process.stderr : process.stdout).write(`${renderResult(result)}\n`);
  return isError ? EXIT_FAILED : EXIT_OK;
}

function isInputRequired(result: ToolResult | InputRequired): result is InputRequired {
  return 'resultType' in result && result.resultType === 'input_required';
}

function parseEra(text: string): Era {
  const era = ERAS.find((known) => known === text);
  if (era !== undefined) return era;
  throw optionError(`--era is ${JSON.stringify(text)}, but must be one of ${ERAS.join(', ')}.`);
}

/** Checked before it is put into a header, whose error would show it. */
function checkToken(token: string | undefined): string | undefined {
  const { expected, schema } = OPTION_TABLE.token;
  if (token === undefined || schema.safeParse(token).success) return token;
  throw optionError(`The token is a value that is not shown here, but must be ${expected}.`);
}

function parseUrl(text: string): URL {
  const url = httpUrl.schema.safeParse(text);
  if (url.success) return url.data;
  throw optionError(`<url> is ${JSON.stringify(text)}, but must be ${httpUrl.expected}.`);
}

function parseArguments(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw optionError(`[json] is not JSON: ${messageOf(error)}.`, error);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw optionError(
    `[json] is ${text}, but must be a JSON object with the tool's arguments, such as {"name": "value"}.`,
  );
}

async function requireTool(client: ToolClient, name: string): Promise<ListedTool> {
  const tools = await client.listTools();
  const found = tools.find((tool) => tool.name === name);
  if (found !== undefined) return found;
  const names = tools.map((tool) => tool.name);
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw optionError(`The server has no tool ${JSON.stringify(name)}${didYouMean(name, names)}: ${known}.`);
}
