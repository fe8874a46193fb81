/**
 * A server module that uses what its session offers: a child process for each call, state that outlives the
 * session's thread, and metrics that are added up over all sessions. Start it with
 * `bulkhead serve examples/line-sorter.mjs`.
 */
import { text } from 'node:stream/consumers';
import { defineServer } from 'mcp-bulkhead';
import { Counter } from 'prom-client';
import { z } from 'zod';

export default defineServer({
  name: 'line-sorter',
  version: '1.0.0',
  instructions: 'sort_lines sorts lines of text; history tells how much was sorted in this session.',
  setup(server, session) {
    const lines = new Counter({
      name: 'line_sorter_lines_total',
      help: 'Lines that were sorted.',
      registers: [session.metrics],
    });

    server.registerTool(
      'sort_lines',
      {
        description: 'Sorts lines of text with the system’s sort command.',
        inputSchema: { lines: z.array(z.string()), reverse: z.boolean().default(false) },
      },
      async ({ lines: unsorted, reverse }) => {
        // The process dies with this request, also when the request is cancelled or this thread is killed.
        const sort = session.spawn('sort', reverse ? ['-r'] : [], { env: { LC_ALL: 'C' } });
        const ended = new Promise((resolve, reject) => {
          sort.once('error', reject);
          sort.once('close', resolve);
        });
        sort.stdin.end(unsorted.map((line) => `${line}\n`).join(''));
        const [sorted, complaint, exitCode] = await Promise.all([
          text(sort.stdout),
          text(sort.stderr),
          ended,
        ]);
        if (exitCode !== 0) throw new Error(`sort failed: ${complaint.trim()}`);

        lines.inc(unsorted.length);
        session.state.set('sorted', sortedSoFar() + unsorted.length);
        return { content: [{ type: 'text', text: sorted.trimEnd() }] };
      },
    );

    server.registerTool('history', { description: 'How many lines were sorted in this session.' }, () => ({
      content: [{ type: 'text', text: `${sortedSoFar()} lines` }],
    }));

    server.registerTool(
      'crash',
      { description: 'Ends the thread of this session, to show what stays.' },
      () => {
        process.exit(1);
      },
    );

    function sortedSoFar() {
      return session.state.get('sorted') ?? 0;
    }
  },
});
