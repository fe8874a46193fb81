import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { greeting, schema } from './greeting.mjs';

export function createServer() {
  const server = new McpServer({ name: 'greeter', version: '1.0.0' });
  server.registerTool('greet', { description: 'Greets.', inputSchema: schema }, ({ name }) => ({
    content: [{ type: 'text', text: greeting(name) }],
  }));
  return server;
}
