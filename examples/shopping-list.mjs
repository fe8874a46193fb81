/** State that belongs to who asks: all requests with one token share a list. */
import { defineServer } from 'mcp-bulkhead';
import { z } from 'zod';

export default defineServer({
  name: 'shopping-list',
  version: '1.0.0',
  lists: 'static',
  affinity: 'principal',
  setup(server, session) {
    // session.state outlives the thread: the list is still there when the thread has slept.
    const items = () => session.state.get('items') ?? [];
    server.registerTool(
      'add',
      { description: 'Adds something to the shopping list.', inputSchema: { item: z.string() } },
      ({ item }) => {
        session.state.set('items', [...items(), item]);
        return { content: [{ type: 'text', text: items().join(', ') }] };
      },
    );
    server.registerTool('list', { description: 'Shows the shopping list.' }, () => ({
      content: [{ type: 'text', text: items().join(', ') || 'It is empty.' }],
    }));
  },
});
