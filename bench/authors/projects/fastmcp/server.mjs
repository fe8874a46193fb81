import { FastMCP } from 'fastmcp';
import { z } from 'zod';
import { greeting, schema } from './greeting.mjs';

export const server = new FastMCP({ name: 'greeter', version: '1.0.0' });

server.addTool({
  name: 'greet',
  description: 'Greets.',
  parameters: z.object(schema),
  execute: async ({ name }) => greeting(name),
});
