/** How `bulkhead call` talks to a server, in either era. */
import type { ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import type { InputRequired } from './input-requests.js';

export interface ListedTool {
  readonly name: string;
  readonly inputSchema: unknown;
}

/** The result of a tool. */
export interface ToolResult {
  readonly content: readonly ContentBlock[];
  /** An object, up to 2025-11-25; any value since. */
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

export interface ToolClient {
  /** @throws {CommandFailure} */
  listTools(): Promise<readonly ListedTool[]>;
  /**
   * Shows progress on stderr.
   * @returns the tool's result, or what the server wants to know first and `--input` does not answer
   * @throws {CommandFailure} if there is no result
   */
  call(
    tool: ListedTool,
    toolArguments: Readonly<Record<string, unknown>>,
  ): Promise<ToolResult | InputRequired>;
  /** Closes everything. */
  end(): Promise<void>;
}
