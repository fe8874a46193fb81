/** `bulkhead call`: connects as a client, calls one tool and prints what it answers. */

import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import {
  ErrorCode,
  McpError,
  type Progress,
  ProgressNotificationSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { formatDuration, parseDuration } from '../config/duration.js';
import { didYouMean } from '../config/nearest.js';
import { optionError } from '../config/option-error.js';
import { httpUrl } from '../config/option-kinds.js';
import { OPTION_TABLE } from '../config/option-table.js';
import { messageOf } from '../shared/errors.js';
import { parseJson } from '../shared/json-text.js';
import { type Connection, connect, rootMessage } from './connection.js';
import { CommandFailure, EXIT_FAILED, EXIT_OK } from './failure.js';
import { watchStopSignals } from './signals.js';
import { renderResult } from './tool-result.js';

/** The arguments and flags of `bulkhead call`, as text. */
export interface CallRequest {
  readonly url: string;
  readonly tool: string;
  /** The tool's arguments as a JSON object. */
  readonly json: string | undefined;
  readonly token: string | undefined;
  readonly timeout: string;
  /** Prints the result unchanged, as JSON. */
  readonly raw: boolean;
  /** The client's version. */
  readonly version: string;
}

/** A list with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 1_000;
/** The one call of this client asks for progress. */
const PROGRESS_TOKEN = 'call';

/**
 * @returns the exit code: 0, or 1 if the tool itself reports an error
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
  const token = checkToken(request.token);
  const stop = watchStopSignals();
  let connection: Connection | undefined;
  try {
    connection = await connect({ url, token, version, timeoutMs, signal: stop.signal });
    const { client } = connection;
    await requireTool(client, tool, { signal: stop.signal, timeout: timeoutMs });
    const result = await callTool(client, { name: tool, arguments: toolArguments }, timeoutMs, stop.signal);
    if (request.raw) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (result.isError === true) process.stderr.write(`${renderResult(result)}\n`);
    else process.stdout.write(`${renderResult(result)}\n`);
    return result.isError === true ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`bulkhead: interrupted: ${tool} was cancelled.\n`);
    return stop.exitCode();
  } finally {
    await connection?.end();
    stop.release();
  }
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

async function requireTool(
  client: Client,
  name: string,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<void> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  try {
    for (let page = 0; page < MAX_TOOL_PAGES; page++) {
      const result = await client.listTools(cursor === undefined ? {} : { cursor }, options);
      tools.push(...result.tools);
      cursor = result.nextCursor;
      if (cursor === undefined) break;
    }
  } catch (error) {
    throw new CommandFailure(`The server doesn't list its tools: ${rootMessage(error)}.`, { cause: error });
  }
  const names = tools.map((tool) => tool.name);
  if (names.includes(name)) return;
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw optionError(`The server has no tool ${JSON.stringify(name)}${didYouMean(name, names)}: ${known}.`);
}

async function callTool(
  client: Client,
  params: { name: string; arguments: Record<string, unknown> },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const lost = new AbortController();
  // When the stream of its answer is lost, the SDK leaves a call waiting. A server that still answers a ping may send
  // the answer in another way.
  client.onerror = (error) => {
    client.ping({ timeout: Math.min(timeoutMs, 5_000) }).catch(() => lost.abort(error));
  };
  // Not `onprogress`: the SDK removes it when it reads the answer, and loses progress that arrives in the same chunk.
  client.setNotificationHandler(ProgressNotificationSchema, ({ params: { progressToken, ...progress } }) => {
    if (progressToken === PROGRESS_TOKEN) process.stderr.write(`${renderProgress(progress)}\n`);
  });
  try {
    const asked = { ...params, _meta: { progressToken: PROGRESS_TOKEN } };
    const result = await client.callTool(asked, undefined, {
      signal: AbortSignal.any([signal, lost.signal]),
      timeout: timeoutMs,
    });
    return result as CallToolResult;
  } catch (error) {
    const lostBy: unknown = lost.signal.aborted
      ? lost.signal.reason
      : isBrokenFetch(error)
        ? error
        : undefined;
    if (lostBy !== undefined) {
      throw new CommandFailure(`The connection was lost: ${rootMessage(lostBy)}.`, { cause: error });
    }
    if (error instanceof McpError && error.code === ErrorCode.RequestTimeout) {
      throw new CommandFailure(`${params.name} didn't answer within ${formatDuration(timeoutMs)}.`, {
        cause: error,
      });
    }
    throw new CommandFailure(`${params.name} failed: ${rootMessage(error)}.`, { cause: error });
  }
}

/** `fetch` reports everything that goes wrong below HTTP as a `TypeError` with a cause. */
function isBrokenFetch(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

function renderProgress({ progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`;
  return message === undefined ? `progress ${share}` : `progress ${share}: ${message}`;
}
