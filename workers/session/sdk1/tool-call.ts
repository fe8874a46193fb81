/**
 * `tools/call` for McpServer's tools, in place of McpServer's own handler. It differs in four ways:
 *
 * - An unknown or disabled tool is a protocol error (2025-11-25, Tools, "Error Handling").
 * - The one error of a tool that stays a JSON-RPC error, -32042, is recognised by its code: a module throws the class
 *   of its own copy of the SDK, which `instanceof` does not recognise.
 * - Structured content is sent in the form that the tool's schema produces, because clients check it against the schema
 *   ("Output Schema": servers MUST provide structured results that conform to it).
 * - A result that is not a tool result is a failure of the server, -32603, and not of the client.
 *
 * The checks that need a schema, and the messages of errors, are McpServer's own.
 */
import type { McpServer, RegisteredTool } from '@modelcontextprotocol/sdk/server/mcp.js';
import { normalizeObjectSchema, safeParseAsync } from '@modelcontextprotocol/sdk/server/zod-compat.js';
import { CallToolResultSchema, ErrorCode, McpError, type Result } from '@modelcontextprotocol/sdk/types.js';
import { cut, messageOf } from '../../../src/shared/errors.js';
import type { Extra } from './call-handlers.js';
import { issuesOf } from './invalid-params.js';
import { unknownVersion } from './protocol-entries.js';

/** What is used of McpServer that is not public. */
export interface McpServerEntries {
  readonly _registeredTools: Readonly<Record<string, RegisteredTool>>;
  readonly _toolHandlersInitialized: boolean;
  /** The number of elements in arguments that McpServer allows; counted before they are checked. */
  readonly _maxToolInputElements?: number;
  validateToolInput(tool: RegisteredTool, value: unknown, name: string): unknown;
  executeToolHandler(tool: RegisteredTool, args: unknown, extra: Extra): unknown;
  handleAutomaticTaskPolling(tool: RegisteredTool, request: ToolCallRequest, extra: Extra): unknown;
  createToolError(message: string): unknown;
}

/** `tools/call` after the SDK's schema has accepted it. */
export interface ToolCallRequest {
  readonly method: string;
  readonly params: {
    readonly name: string;
    readonly arguments?: Record<string, unknown>;
    readonly _meta?: Record<string, unknown>;
    readonly task?: unknown;
  };
}

const FUNCTIONS = [
  'validateToolInput',
  'executeToolHandler',
  'handleAutomaticTaskPolling',
  'createToolError',
] as const;

/** How much of an unknown name is repeated in an error. */
const MAX_NAME_CHARS = 200;

/** @throws {Error} if the SDK's version lacks one of them */
export function entriesOf(mcpServer: McpServer): McpServerEntries {
  const entries = mcpServer as unknown as McpServerEntries;
  const missing =
    FUNCTIONS.find((name) => typeof entries[name] !== 'function') ??
    (typeof entries._registeredTools === 'object' ? undefined : '_registeredTools') ??
    (typeof entries._toolHandlersInitialized === 'boolean' ? undefined : '_toolHandlersInitialized');
  if (missing !== undefined) throw unknownVersion(missing);
  return entries;
}

/**
 * Serves any call, including tasks.
 * @param threw called with what a tool threw when it becomes a result
 * @throws {McpError} for what is not a tool's result: an unknown tool, a call as a task that the tool does not allow,
 *   -32042
 */
export async function callAnyTool(
  mcpServer: McpServerEntries,
  request: ToolCallRequest,
  extra: Extra,
  threw: (error: unknown) => void,
): Promise<unknown> {
  const { name, arguments: given, task } = request.params;
  const tool = registeredTool(mcpServer, name);
  const makesTasks = 'createTask' in tool.handler;
  const taskSupport = tool.execution?.taskSupport ?? 'forbidden';
  if (taskSupport !== 'forbidden' && !makesTasks) {
    const message = `Tool ${name} has taskSupport '${taskSupport}' but was not registered with registerToolTask`;
    throw new McpError(ErrorCode.InternalError, message);
  }
  // 2025-11-25, Tasks, "Tool-Level Negotiation"
  if (taskSupport === 'required' && task === undefined) {
    const message = `Tool ${name} requires task augmentation (taskSupport: 'required')`;
    throw new McpError(ErrorCode.MethodNotFound, message);
  }
  if (task !== undefined && !makesTasks) {
    throw new McpError(ErrorCode.MethodNotFound, `Tool ${name} cannot be called as a task`);
  }
  const result = await called();
  return task === undefined ? checkedResult(result) : result;

  async function called(): Promise<unknown> {
    try {
      if (makesTasks && task === undefined) {
        return await conforming(tool, await mcpServer.handleAutomaticTaskPolling(tool, request, extra), name);
      }
      const args = await mcpServer.validateToolInput(tool, given, name);
      const made = await mcpServer.executeToolHandler(tool, args, extra);
      return task === undefined ? await conforming(tool, made, name) : made;
    } catch (error) {
      threw(error);
      const failed = failedCall(mcpServer, error);
      if (failed === undefined) throw error;
      return failed;
    }
  }
}

function registeredTool({ _registeredTools }: McpServerEntries, name: string): RegisteredTool {
  const tool = _registeredTools[name];
  if (tool?.enabled === true) return tool;
  const why = tool === undefined ? 'not found' : 'disabled';
  throw new McpError(ErrorCode.InvalidParams, `Tool ${cut(name, MAX_NAME_CHARS)} ${why}`);
}

/**
 * The result with its structured content in the form that the tool's output schema produces: with defaults, without
 * members that the schema does not know. A client may check that of a failed call as well; there, content that does not
 * fit is left out.
 * @throws {McpError} if it does not fit
 */
export async function conforming(tool: RegisteredTool, result: unknown, name: string): Promise<unknown> {
  const { outputSchema } = tool;
  if (outputSchema === undefined || typeof result !== 'object' || result === null) return result;
  const { structuredContent, isError } = result as {
    readonly structuredContent?: unknown;
    readonly isError?: unknown;
  };
  if (structuredContent === undefined || structuredContent === null) {
    if (isError === true) return result;
    const why = `Tool ${name} has an output schema but no structured content was provided`;
    throw new McpError(ErrorCode.InvalidParams, `Output validation error: ${why}`);
  }
  const parsed = await safeParseAsync(normalizeObjectSchema(outputSchema) ?? outputSchema, structuredContent);
  if (parsed.success) return { ...result, structuredContent: parsed.data };
  if (isError === true) {
    const { structuredContent: _unfit, ...rest } = result as Record<string, unknown>;
    return rest;
  }
  const why = `Invalid structured content for tool ${name}: ${issuesOf(parsed.error)}`;
  throw new McpError(ErrorCode.InvalidParams, `Output validation error: ${why}`);
}

/**
 * What the specification defines as a tool's result.
 * @throws {McpError} -32603
 */
export function checkedResult(result: unknown): Result {
  const checked = CallToolResultSchema.safeParse(result);
  if (checked.success) return checked.data;
  const message = `The tool's handler returned no valid tool result: ${issuesOf(checked.error)}`;
  throw new McpError(ErrorCode.InternalError, message);
}

/** @returns the result of a failed call; `undefined` for the one error that stays a JSON-RPC error */
export function failedCall(mcpServer: McpServerEntries, error: unknown): unknown {
  if ((error as { readonly code?: unknown } | undefined | null)?.code === ErrorCode.UrlElicitationRequired)
    return undefined;
  return mcpServer.createToolError(messageOf(error));
}
