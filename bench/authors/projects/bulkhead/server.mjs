import { defineServer } from 'mcp-bulkhead';
import { greeting, schema } from './greeting.mjs';

export default defineServer({
  name: 'greeter',
  version: '1.0.0',
  setup(server) {
    server.registerTool('greet', { description: 'Greets.', inputSchema: schema }, ({ name }) => ({
      content: [{ type: 'text', text: greeting(name) }],
    }));
  },
});
