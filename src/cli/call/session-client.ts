/** A tool client of the session era, up to 2025-11-25. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ErrorCode, McpError, ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { formatDuration } from '../../config/duration.js';
import { type ConnectOptions, connect, rootMessage } from '../connection.js';
import { CommandFailure } from '../failure.js';
import { PROGRESS_TOKEN, showProgress } from './progress.js';
import type { ListedTool, ToolClient, ToolResult } from './tool-client.js';

/** A list with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 1_000;

/** @throws {CommandFailure} if there is no connection */
export async function sessionClient(options: ConnectOptions): Promise<ToolClient> {
  const { client, end } = await connect(options);
  return {
    listTools: async () => {
      try {
        return await listTools(client, options);
      } catch (error) {
        throw new CommandFailure(`The server doesn't list its tools: ${rootMessage(error)}.`, {
          cause: error,
        });
      }
    },
    call: (tool, toolArguments) =>
      callTool(client, { name: tool.name, arguments: { ...toolArguments } }, options),
    end,
  };
}

async function listTools(
  client: Client,
  { signal, timeoutMs }: ConnectOptions,
): Promise<readonly ListedTool[]> {
  const tools: ListedTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_TOOL_PAGES; page++) {
    const asked = cursor === undefined ? {} : { cursor };
    const result = await client.listTools(asked, { signal, timeout: timeoutMs });
    tools.push(...result.tools);
    cursor = result.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

async function callTool(
  client: Client,
  params: { name: string; arguments: Record<string, unknown> },
  { signal, timeoutMs }: ConnectOptions,
): Promise<ToolResult> {
  const lost = new AbortController();
  // When the stream of its answer is lost, the SDK leaves a call waiting. A server that still answers a ping may send
  // the answer in another way.
  client.onerror = (error) => {
    client.ping({ timeout: Math.min(timeoutMs, 5_000) }).catch(() => lost.abort(error));
  };
  // Not `onprogress`: the SDK removes it when it reads the answer, and loses progress that arrives in the same chunk.
  client.setNotificationHandler(ProgressNotificationSchema, ({ params: progress }) => showProgress(progress));
  try {
    const asked = { ...params, _meta: { progressToken: PROGRESS_TOKEN } };
    const result = await client.callTool(asked, undefined, {
      signal: AbortSignal.any([signal, lost.signal]),
      timeout: timeoutMs,
    });
    return result as ToolResult;
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
