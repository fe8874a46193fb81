import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/shared/errors.js';
import { Admin } from '../client/admin.js';
import { holdStream } from '../client/get-stream.js';
import { closeSessions, McpSession } from '../client/mcp-session.js';
import { type BenchSettings, boundedFigure, type Figure, type Row } from '../figure.js';
import { bulkhead, withServer } from '../servers/measured-server.js';
import { residentBytes } from '../servers/process-usage.js';

const TITLE = 'many sessions';
const THREADS = 32;
const WORKING = 50;
const KIBIBYTE = 1024;

interface ManySessions {
  readonly kibEach: number;
  readonly mostThreads: number;
  readonly calls: number;
  readonly errors: number;
  readonly delayP99Ms: number;
}

/** Sessions that hold a stream and do nothing; then some of them, others each time, make calls. */
function measure({ quick, progress }: BenchSettings): Promise<ManySessions> {
  const count = quick ? 1000 : 10_000;
  const flags = [
    '--max-sessions',
    String(count + 1),
    '--max-threads',
    String(THREADS),
    '--sleep-after',
    '2s',
  ];
  return withServer(bulkhead(...flags), async (server) => {
    const admin = new Admin(server);
    const sessions: McpSession[] = [];
    const streams: IncomingMessage[] = [];
    try {
      const first = await McpSession.open(server.url);
      await first.echo();
      await first.delete();
      await first.close();
      await delay(3000);
      const before = residentBytes(server.pid);
      while (sessions.length < count) {
        const session = await McpSession.open(server.url);
        // It keeps only the connection of its stream.
        await session.rest();
        streams.push(await holdStream(server.url, session.id));
        sessions.push(session);
      }
      await delay(3000);
      const kibEach = (residentBytes(server.pid) - before) / count / KIBIBYTE;
      // The gauge covers the time since the last scrape.
      await admin.sum('bulkhead_event_loop_delay_p99_seconds');

      const endMs = performance.now() + (quick ? 3000 : 20_000);
      let calls = 0;
      let errors = 0;
      let mostThreads = 0;
      let watching = true;
      const watched = (async () => {
        while (watching) {
          const threads = await admin.sum('bulkhead_threads');
          mostThreads = Math.max(mostThreads, threads);
          await delay(500);
        }
      })();
      await Promise.all(
        Array.from({ length: WORKING }, async (_, client) => {
          while (performance.now() < endMs) {
            // Each client has its own share of the sessions: another one would close a session's connection during a call.
            const session = sessions[client + WORKING * Math.floor((Math.random() * count) / WORKING)];
            try {
              await session?.echo();
              calls += 1;
            } catch (error) {
              errors += 1;
              progress(`a call failed: ${messageOf(error)}`);
            }
            await session?.rest();
            await delay(Math.random() * 4000);
          }
        }),
      );
      watching = false;
      await watched;
      const delayP99Ms = (await admin.sum('bulkhead_event_loop_delay_p99_seconds')) * 1000;
      // All sleeping sessions still answer.
      for (const session of sessions) {
        await session.listTools();
        await session.rest();
      }
      return { kibEach, mostThreads, calls, errors, delayP99Ms };
    } finally {
      for (const stream of streams) stream.destroy();
      await admin.close();
      await closeSessions(sessions);
    }
  });
}

/** Ten thousand connected clients, of which few do something at a time. Linux only. */
export const manySessions: Row = {
  name: 'many-sessions',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    settings.progress(TITLE);
    const result = await measure(settings);
    const count = settings.quick ? '1,000' : '10,000';
    const figure = (what: string, unit: string, value: number, most: number): Figure =>
      boundedFigure(`${count} sessions: ${what}`, unit, value, most);
    const working = `${WORKING} of them work at random`;
    return [
      figure('resident memory of a sleeping one with an open GET stream', 'KiB', result.kibEach, 25),
      figure(`threads while ${working} (${result.calls} calls)`, '', result.mostThreads, THREADS),
      figure(`errors and wrong answers while ${working}`, '', result.errors, 0),
      figure(`event-loop delay of the main thread while ${working}, p99`, 'ms', result.delayP99Ms, 50),
    ];
  },
};
