/** What a client session gets. Each session runs this in a thread of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineServer } from 'mcp-bulkhead';
import { z } from 'zod';

export default defineServer({
  name: 'my-mcp-server',
  version: '0.1.0',
  setup(server, session) {
    server.registerTool(
      'greet',
      {
        description: 'Greets somebody, and counts the greetings of this session.',
        inputSchema: { name: z.string().describe('Who is greeted.') },
      },
      ({ name }) => {
        // session.state stays when the thread sleeps or crashes; variables do not.
        const count = Number(session.state.get('greetings') ?? 0) + 1;
        session.state.set('greetings', count);
        return { content: [{ type: 'text', text: `Hello, ${name}! Greetings so far: ${count}.` }] };
      },
    );

    server.registerTool(
      'count_down',
      {
        description: 'Counts down, one number a second.',
        inputSchema: { from: z.number().int().min(1).max(60).describe('The first number.') },
      },
      async ({ from }, { signal, _meta, sendNotification }) => {
        const progressToken = _meta?.progressToken;
        for (let passed = 1; passed <= from; passed += 1) {
          // The signal aborts when the client cancels or goes away. Then sleep throws, and the tool stops.
          await sleep(1000, undefined, { signal });
          if (progressToken === undefined) continue;
          const params = { progressToken, progress: passed, total: from, message: String(from - passed) };
          await sendNotification({ method: 'notifications/progress', params });
        }
        return { content: [{ type: 'text', text: 'Lift-off!' }] };
      },
    );
  },
});
