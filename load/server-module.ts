/** The server module of all scenarios: tools for quiet sessions, and tools that use as much as they can. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ServerDefinition } from '../src/shared/define-server.js';

const MEBIBYTE = 1024 * 1024;

const text = (content: string) => ({ content: [{ type: 'text' as const, text: content }] });

const definition: ServerDefinition = {
  name: 'load',
  version: '1.0.0',
  affinity: 'request',
  lists: 'static',
  setup(server, session) {
    server.registerTool(
      'echo',
      { inputSchema: { text: z.string() }, annotations: { readOnlyHint: true } },
      ({ text: given }) => text(given),
    );
    server.registerTool('sleep', { inputSchema: { ms: z.number() } }, async ({ ms }, { signal }) => {
      await delay(ms, undefined, { signal });
      return text(`slept ${ms} ms`);
    });
    server.registerTool('spin', { inputSchema: { ms: z.number() } }, ({ ms }) => {
      const endMs = performance.now() + ms;
      while (performance.now() < endMs);
      return text(`spun ${ms} ms`);
    });
    server.registerTool(
      'allocate',
      { description: 'Holds so many MiB of heap.', inputSchema: { mebibytes: z.number() } },
      ({ mebibytes }) => {
        const held = Array.from({ length: mebibytes }, () => new Array<number>(MEBIBYTE / 8).fill(0.5));
        return text(`held ${held.length} MiB`);
      },
    );
    server.registerTool('crash', { description: 'Throws where nobody catches it.' }, async () => {
      setImmediate(() => {
        throw new Error('crash was called');
      });
      await once(session.signal, 'abort');
      return text('crashed');
    });
    server.registerTool(
      'flood',
      {
        description: 'Sends so many progress notifications of so many bytes before it answers.',
        inputSchema: { notifications: z.number(), bytes: z.number() },
      },
      async ({ notifications, bytes }, { _meta, sendNotification, signal }) => {
        const progressToken = _meta?.progressToken ?? 0;
        const message = 'f'.repeat(bytes);
        for (let progress = 1; progress <= notifications; progress += 1) {
          signal.throwIfAborted();
          const params = { progressToken, progress, total: notifications, message };
          await sendNotification({ method: 'notifications/progress', params });
        }
        return text(`sent ${notifications} notifications`);
      },
    );
    server.registerTool(
      'child',
      { description: 'Waits for a child process that sleeps.', inputSchema: { seconds: z.number() } },
      async ({ seconds }) => {
        const child = session.spawn('sleep', [String(seconds)]);
        const code = await new Promise((resolve, reject) => {
          child.once('exit', resolve).once('error', reject);
        });
        return text(`the child ended with ${code}`);
      },
    );
  },
};

export default definition;
