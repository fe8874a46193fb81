/** The smallest server module: one tool. Start it with `bulkhead serve examples/greeter.mjs`. */
import { defineServer } from 'mcp-bulkhead';
import { z } from 'zod';

export default defineServer({
  name: 'greeter',
  version: '1.0.0',
  setup(server, session) {
    server.registerTool(
      'greet',
      { description: 'Greets somebody.', inputSchema: { name: z.string() } },
      async ({ name }, extra) => {
        extra.signal.throwIfAborted();
        session.log.info('greeting', { length: name.length });
        return { content: [{ type: 'text', text: `Hello, ${name}` }] };
      },
    );
  },
});
