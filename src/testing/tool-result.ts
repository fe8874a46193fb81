/** What a call comes to: a result, a failure of the tool, or an error of the protocol. */
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type CallToolResult, type ContentBlock, McpError } from '@modelcontextprotocol/sdk/types.js';

/** The result of a tool that has succeeded. */
export interface ToolResult<Structured = Record<string, unknown>> {
  /** All text of the content, joined by line feeds; '' without any. */
  readonly text: string;
  readonly content: readonly ContentBlock[];
  /** `undefined` if the tool gave none. Its shape is the tool's promise, and not checked against this type. */
  readonly structured: Structured | undefined;
  /** As the server sent it, with `_meta`. */
  readonly raw: CallToolResult;
}

/** The tool has answered that it failed: `isError` in its result (2025-11-25, Tools, "Error Handling"). */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly tool: string;
  readonly result: ToolResult<unknown>;

  constructor(tool: string, result: ToolResult<unknown>) {
    super(result.text === '' ? `${tool} failed, without a text that says why` : result.text);
    this.tool = tool;
    this.result = result;
  }
}

/** A request was answered with a JSON-RPC error: by the server, or by the gateway for it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: number;
  readonly data: unknown;

  constructor({
    code,
    message,
    data,
  }: { readonly code: number; readonly message: string; readonly data?: unknown }) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export function toolResult<Structured>(raw: CallToolResult): ToolResult<Structured> {
  const { content, structuredContent } = raw;
  const text = content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
  return { text, content, structured: structuredContent as Structured | undefined, raw };
}

/** A JSON-RPC error as the SDK's client throws it: of a response, or of an HTTP response that refuses the request. */
export function asProtocolError(error: unknown): unknown {
  if (error instanceof StreamableHTTPError) return rejected(error) ?? error;
  if (!(error instanceof McpError)) return error;
  const { code, data } = error;
  // The SDK puts the code before the message, which is the server's own.
  return new ProtocolError({ code, message: error.message.replace(/^MCP error -?\d+: /, ''), data });
}

/** The SDK has the response's body only within its message. */
function rejected({ message }: StreamableHTTPError): ProtocolError | undefined {
  const from = message.indexOf('{"jsonrpc"');
  if (from < 0) return undefined;
  const { error } = JSON.parse(message.slice(from, message.lastIndexOf('}') + 1)) as {
    readonly error?: { readonly code: number; readonly message: string };
  };
  return error && new ProtocolError(error);
}
