/** State that a model opens and closes: each handle has a calculator of its own. */
import { defineServer } from 'mcp-bulkhead';
import { z } from 'zod';

export default defineServer({
  name: 'calculator',
  version: '1.0.0',
  lists: 'static',
  affinity: 'handle',
  setup(server) {
    // In memory: it lives as long as the thread, which sessions of this module therefore keep.
    let sum = 0;
    server.registerTool(
      'add',
      { description: 'Adds a number to the sum.', inputSchema: { number: z.number() } },
      ({ number }) => {
        sum += number;
        return { content: [{ type: 'text', text: String(sum) }] };
      },
    );
  },
  sleep: false,
});
