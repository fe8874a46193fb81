/** The SDK's server of one session. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import type { SetupDefinition } from '../../../src/shared/define-server.js';
import { knowMcpServer } from './mcp-server-handlers.js';

export type SessionMcpServer = McpServer;

/** The newest protocol version that the SDK supports. */
export const NEWEST_PROTOCOL_VERSION: string = LATEST_PROTOCOL_VERSION;

/** The server before the module's `setup`. */
export function createMcpServer(
  { name, version, title, instructions }: SetupDefinition,
  options: SetupDefinition['options'],
): SessionMcpServer {
  const mcpServer = new McpServer(
    { name, version, ...(title !== undefined && { title }) },
    { ...options, ...(instructions !== undefined && { instructions }) },
  );
  knowMcpServer(mcpServer);
  return mcpServer;
}
