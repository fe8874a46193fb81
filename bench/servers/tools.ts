/** The two tools that every measured MCP server has, so that both sides do the same work for a call. */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';

export const SERVER_INFO = { name: 'bench', version: '1.0.0' } as const;

/** Registers `echo` (`{ text }`, answered with the text) and `spin` (`{ ms }`, a busy loop of so many milliseconds). */
export function registerTools(server: McpServer): void {
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('spin', { inputSchema: { ms: z.number() } }, ({ ms }) => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    return { content: [{ type: 'text', text: 'done' }] };
  });
}
