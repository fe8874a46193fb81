/**
 * Calls a tool's own handler if the tool exists, is enabled, and is not a task. Arguments and results that need a
 * schema are checked as in the SDK's way, `sdk1/tool-call.ts`.
 */
import type { Extra } from '../sdk1/call-handlers.js';
import { conforming, type McpServerEntries, type ToolCallRequest } from '../sdk1/tool-call.js';
import { fastArguments } from './fast-arguments.js';

export type FastTool = McpServerEntries['_registeredTools'][string];
type Handler = (...parameters: unknown[]) => unknown;

/** @returns `undefined` for a tool that `callAnyTool` has to serve */
export function fastTool(mcpServer: McpServerEntries, name: string): FastTool | undefined {
  const tool = mcpServer._registeredTools[name];
  if (tool?.enabled !== true || typeof tool.handler !== 'function') return undefined;
  const { taskSupport } = tool.execution ?? {};
  return (taskSupport === undefined || taskSupport === 'forbidden') && !('createTask' in tool.handler)
    ? tool
    : undefined;
}

/** @throws what the handler throws; `failedCall` turns it into a result */
export function callFastTool(
  mcpServer: McpServerEntries,
  tool: FastTool,
  params: ToolCallRequest['params'],
  extra: Extra,
): unknown {
  const { inputSchema } = tool;
  const handler = tool.handler as Handler;
  const counts = mcpServer._maxToolInputElements !== undefined;
  const taken =
    counts || inputSchema === undefined ? undefined : fastArguments(inputSchema, params.arguments ?? {});
  if (!counts && tool.outputSchema === undefined) {
    if (inputSchema === undefined) return handler(extra);
    if (taken !== undefined) return handler(taken, extra);
  }
  return callChecked(mcpServer, tool, params, taken, extra);
}

async function callChecked(
  mcpServer: McpServerEntries,
  tool: FastTool,
  { name, arguments: given }: ToolCallRequest['params'],
  taken: Record<string, unknown> | undefined,
  extra: Extra,
): Promise<unknown> {
  const handler = tool.handler as Handler;
  const checked = taken ?? (await mcpServer.validateToolInput(tool, given, name));
  const result = await (tool.inputSchema === undefined ? handler(extra) : handler(checked, extra));
  return conforming(tool, result, name);
}
