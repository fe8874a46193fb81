import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Admin } from '../client/admin.js';
import { holdStream } from '../client/get-stream.js';
import { closeSessions, McpSession } from '../client/mcp-session.js';
import { type BenchSettings, boundedFigure, type Figure, type Row } from '../figure.js';
import { withTemporaryFolder } from '../peers/temporary-folder.js';
import { bulkheadWith, withServer } from '../servers/measured-server.js';
import { residentBytes } from '../servers/process-usage.js';

const TITLE = 'sessions of a program whose lists are learned';
const PROGRAM = fileURLToPath(new URL('../../../bench/peers/servers/stdio.mjs', import.meta.url));
const KIBIBYTE = 1024;
/** Until the lists are learned, and what a session leaves is collected. */
const REST_MS = 3_000;

/** Clients that connect, list the tools, hold a stream and do nothing. */
function measure(count: number): Promise<{ readonly kibEach: number; readonly processes: number }> {
  return withTemporaryFolder((folder) => {
    const server = bulkheadWith(['node', PROGRAM], folder, '--max-sessions', String(count + 1));
    return withServer(server, async ({ pid, url, adminUrl, stop }) => {
      const admin = new Admin({ pid, url, adminUrl, stop });
      const sessions: McpSession[] = [];
      const streams: IncomingMessage[] = [];
      try {
        const first = await McpSession.open(url);
        await first.echo();
        await delay(REST_MS);
        await first.delete();
        await first.close();
        await delay(REST_MS);
        const before = residentBytes(pid);
        while (sessions.length < count) {
          const session = await McpSession.open(url);
          await session.listTools();
          // It keeps only the connection of its stream.
          await session.rest();
          streams.push(await holdStream(url, session.id));
          sessions.push(session);
        }
        await delay(REST_MS);
        const kibEach = (residentBytes(pid) - before) / count / KIBIBYTE;
        return { kibEach, processes: await admin.sum('bulkhead_processes') };
      } finally {
        for (const stream of streams) stream.destroy();
        await admin.close();
        await closeSessions(sessions);
      }
    });
  });
}

/** Connected clients of a stdio server that do nothing. Linux only. */
export const learnedLists: Row = {
  name: 'learned-lists',
  title: TITLE,
  async run({ quick, progress }: BenchSettings): Promise<Figure[]> {
    progress(TITLE);
    const result = await measure(quick ? 1_000 : 10_000);
    const what = `${quick ? '1,000' : '10,000'} ${TITLE}`;
    return [
      boundedFigure(`${what}: processes`, '', result.processes, 0),
      boundedFigure(`${what}: resident memory of one with an open GET stream`, 'KiB', result.kibEach, 25),
    ];
  },
};
