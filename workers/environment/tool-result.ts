import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';

/** What the SDK gives to a tool besides its arguments. */
export type ToolExtra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/**
 * A failure that the client can do something about. Its message is one sentence that says what was wrong and what to
 * do. The SDK's `McpServer` turns a thrown error into an `isError` result with its message.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/**
 * The same result as structured content and as text (2025-11-25, Tools, "Structured Content": the serialized JSON
 * should also be in a text block).
 */
export function structuredResult(value: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value };
}
