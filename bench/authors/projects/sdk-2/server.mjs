import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { greeting, schema } from './greeting.mjs';

export function createServer() {
  const server = new McpServer({ name: 'greeter', version: '1.0.0' });
  server.registerTool('greet', { description: 'Greets.', inputSchema: z.object(schema) }, ({ name }) => ({
    content: [{ type: 'text', text: greeting(name) }],
  }));
  return server;
}
