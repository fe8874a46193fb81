/** A server without state: each request stands for itself. */
import { randomInt } from 'node:crypto';
import { defineServer } from 'mcp-bulkhead';
import { z } from 'zod';

export default defineServer({
  name: 'dice',
  version: '1.0.0',
  lists: 'static',
  affinity: 'request',
  setup(server) {
    server.registerTool(
      'roll',
      {
        description: 'Rolls a die.',
        inputSchema: { sides: z.number().int().min(2).max(1000).default(6) },
      },
      ({ sides }) => ({ content: [{ type: 'text', text: String(randomInt(sides) + 1) }] }),
    );
  },
});
