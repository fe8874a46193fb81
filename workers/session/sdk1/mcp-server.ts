/** The SDK's server of one session. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import type { ServerDefinition } from '../../../src/shared/define-server.js';
import { knowMcpServer } from './mcp-server-handlers.js';

export type SessionServer = McpServer;

/** The newest protocol version that the SDK supports. */
export const NEWEST_PROTOCOL_VERSION: string = LATEST_PROTOCOL_VERSION;

/** The server before the module's `setup`. */
export function createMcpServer(
  { name, version, title, instructions }: ServerDefinition,
  options: ServerDefinition['options'],
): SessionServer {
  const mcpServer = new McpServer(
    { name, version, ...(title !== undefined && { title }) },
    { ...options, ...(instructions !== undefined && { instructions }) },
  );
  knowMcpServer(mcpServer);
  return mcpServer;
}
