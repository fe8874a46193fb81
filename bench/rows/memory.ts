import { setTimeout as delay } from 'node:timers/promises';
import { closeSessions, type McpSession, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { withEmptyWorkers } from '../servers/empty-workers-process.js';
import { builtIn, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { residentBytes } from '../servers/process-usage.js';

const TITLE = 'memory of a session';
const SESSIONS = 64;
const CALLS = 1000;
/** Threads that exist before the first session: Bulkhead's default of spares. */
const SPARES = 2;
const MEBIBYTE = 2 ** 20;

/** Each side settles for the same time before its memory is read. */
function settle(quick: boolean): Promise<void> {
  return delay(quick ? 500 : 3000);
}

/** After the first call of each session, and after a thousand. */
interface SessionMemory {
  readonly freshMib: number;
  readonly usedMib: number;
}

async function sessionMib(
  start: StartServer,
  quick: boolean,
  call = (session: McpSession) => session.echo(),
): Promise<SessionMemory> {
  return withServer(start, async ({ pid, url }) => {
    const [first] = await openSessions(url, 1);
    if (first !== undefined) await call(first);
    await first?.delete();
    await first?.close();
    await settle(quick);
    const before = residentBytes(pid);
    const sessions = await openSessions(url, SESSIONS);
    try {
      const mib = (): number => (residentBytes(pid) - before) / SESSIONS / MEBIBYTE;
      for (const session of sessions) await call(session);
      await settle(quick);
      const freshMib = mib();
      await Promise.all(
        sessions.map(async (session) => {
          for (let calls = 1; calls < CALLS; calls += 1) await call(session);
        }),
      );
      await settle(quick);
      return { freshMib, usedMib: mib() };
    } finally {
      await closeSessions(sessions);
    }
  });
}

async function emptyWorkerMib(quick: boolean): Promise<SessionMemory> {
  return withEmptyWorkers(async (workers) => {
    await workers.start(1);
    await workers.stopWorkers();
    await workers.start(SPARES);
    await settle(quick);
    const before = residentBytes(workers.pid);
    await workers.start(SESSIONS);
    await settle(quick);
    const mib = (residentBytes(workers.pid) - before) / SESSIONS / MEBIBYTE;
    return { freshMib: mib, usedMib: mib };
  });
}

/** Resident memory of the server with 64 sessions that have made calls, less what it has with none. */
export const memory: Row = {
  name: 'memory',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const results = await alternate(settings, TITLE, {
      Bulkhead: () => sessionMib(builtIn(), settings.quick, (session) => session.sessionInfo()),
      'own zod': () => sessionMib(bulkhead(), settings.quick),
      'empty Worker': () => emptyWorkerMib(settings.quick),
      SDK: () => sessionMib(sdk(), settings.quick),
    });
    const figure = (after: string, key: keyof SessionMemory, goal: number): Figure => {
      const values = (side: keyof typeof results): number[] => results[side].map((memory) => memory[key]);
      return {
        measure: `resident memory of an awake session, ${SESSIONS} open, after ${after}`,
        unit: 'MiB',
        bulkhead: values('Bulkhead'),
        comparedWith: { name: 'empty Worker', values: values('empty Worker') },
        goal: { kind: 'ratio at most', value: goal },
        orientation: [
          { name: 'with a module that imports its own zod', values: values('own zod') },
          { name: 'SDK, no thread', values: values('SDK') },
        ],
      };
    };
    return [figure('one call', 'freshMib', 1.5), figure(`${CALLS} calls`, 'usedMib', 2)];
  },
};
