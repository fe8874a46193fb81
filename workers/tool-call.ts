/**
 * What McpServer's handler of `tools/call` does for a plain call of a plain tool: one that is there, enabled, and no task.
 * Everything else is left to that handler. The checks that need a schema, and the words of errors, are McpServer's own.
 */
import type { McpServer, RegisteredTool } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { Extra } from './call-handlers.js';
import { plainArguments } from './plain-arguments.js';
import type { PlainCall } from './plain-calls.js';
import { unknownVersion } from './protocol-entries.js';

/** What is used of McpServer that is not public. */
export interface McpServerEntries {
  readonly _registeredTools: Readonly<Record<string, RegisteredTool>>;
  readonly _toolHandlersInitialized: boolean;
  /** It counts the elements of arguments before it looks at them. */
  readonly _maxToolInputElements?: number;
  validateToolInput(tool: RegisteredTool, value: unknown, name: string): unknown;
  validateToolOutput(tool: RegisteredTool, result: unknown, name: string): unknown;
  createToolError(message: string): unknown;
}

type Handler = (...parameters: unknown[]) => unknown;

const FUNCTIONS = ['validateToolInput', 'validateToolOutput', 'createToolError'] as const;

/** @throws {Error} when the SDK's version has not all of them. */
export function entriesOf(mcpServer: McpServer): McpServerEntries {
  const entries = mcpServer as unknown as McpServerEntries;
  const missing =
    FUNCTIONS.find((name) => typeof entries[name] !== 'function') ??
    (typeof entries._registeredTools === 'object' ? undefined : '_registeredTools') ??
    (typeof entries._toolHandlersInitialized === 'boolean' ? undefined : '_toolHandlersInitialized');
  if (missing !== undefined) throw unknownVersion(missing);
  return entries;
}

/** @returns `undefined` for a tool that McpServer's handler has to look at. */
export function plainTool(mcpServer: McpServerEntries, name: string): RegisteredTool | undefined {
  const tool = mcpServer._registeredTools[name];
  if (tool?.enabled !== true || typeof tool.handler !== 'function') return undefined;
  const { taskSupport } = tool.execution ?? {};
  return (taskSupport === undefined || taskSupport === 'forbidden') && !('createTask' in tool.handler)
    ? tool
    : undefined;
}

/** @throws what the handler throws; `failedCall` tells what is made of it. */
export function callTool(
  mcpServer: McpServerEntries,
  tool: RegisteredTool,
  params: PlainCall['params'],
  extra: Extra,
): unknown {
  const { inputSchema } = tool;
  const handler = tool.handler as Handler;
  const counts = mcpServer._maxToolInputElements !== undefined;
  const plain =
    counts || inputSchema === undefined ? undefined : plainArguments(inputSchema, params.arguments ?? {});
  if (!counts && tool.outputSchema === undefined) {
    if (inputSchema === undefined) return handler(extra);
    if (plain !== undefined) return handler(plain, extra);
  }
  return callChecked(mcpServer, tool, params, plain, extra);
}

async function callChecked(
  mcpServer: McpServerEntries,
  tool: RegisteredTool,
  { name, arguments: given }: PlainCall['params'],
  plain: Record<string, unknown> | undefined,
  extra: Extra,
): Promise<unknown> {
  const handler = tool.handler as Handler;
  const checked = plain ?? (await mcpServer.validateToolInput(tool, given, name));
  const result = await (tool.inputSchema === undefined ? handler(extra) : handler(checked, extra));
  await mcpServer.validateToolOutput(tool, result, name);
  return result;
}

/** @returns the result of a call that failed; `undefined` for the one error that stays an error of JSON-RPC. */
export function failedCall(mcpServer: McpServerEntries, error: unknown): unknown {
  if (error instanceof McpError && error.code === ErrorCode.UrlElicitationRequired) return undefined;
  return mcpServer.createToolError(error instanceof Error ? error.message : String(error));
}
