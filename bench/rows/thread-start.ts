import { Admin } from '../client/admin.js';
import { McpSession } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { withEmptyWorkers } from '../servers/empty-workers-process.js';
import { builtIn, bulkhead, type StartServer, withServer } from '../servers/measured-server.js';
import { median } from '../statistics.js';

const TITLE = 'thread start';
const METRIC = 'bulkhead_thread_start_duration_seconds';

/**
 * Without spares, so that each session makes the gateway start exactly one thread, and its client, the gateway and
 * all other threads wait for it; the time is the gateway's own, from the start until the thread is ready.
 */
function gatewayStartsMs(
  start: StartServer,
  count: number,
  call: (session: McpSession) => Promise<void>,
): Promise<number[]> {
  return withServer(start, async (server) => {
    const admin = new Admin(server);
    const startsMs: number[] = [];
    try {
      for (let started = -2; started < count; started += 1) {
        const before = await admin.histogram(METRIC);
        const session = await McpSession.open(server.url);
        await call(session);
        const startMs = await admin.nextObservationMs(METRIC, before);
        await session.delete();
        await admin.untilSession(session.id, 'its end', (snapshot) => snapshot === undefined);
        await session.close();
        if (started >= 0) startsMs.push(startMs);
      }
      return startsMs;
    } finally {
      await admin.close();
    }
  });
}

/** The same one by one with empty workers: started, waited for, ended. */
function emptyStartsMs(count: number): Promise<number[]> {
  return withEmptyWorkers(async (workers) => {
    const startsMs: number[] = [];
    for (let started = -2; started < count; started += 1) {
      const [startMs] = await workers.start(1);
      await workers.stopWorkers();
      if (started >= 0 && startMs !== undefined) startsMs.push(startMs);
    }
    return startsMs;
  });
}

/** From the start of a thread until it is ready: a spare with the SDK and the module, and an empty `Worker`. */
export const threadStart: Row = {
  name: 'thread-start',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const count = settings.quick ? 5 : 20;
    const results = await alternate(settings, TITLE, {
      Bulkhead: () =>
        gatewayStartsMs(builtIn('--spare-threads', '0'), count, (session) => session.sessionInfo()),
      'own zod': () => gatewayStartsMs(bulkhead('--spare-threads', '0'), count, (session) => session.echo()),
      'empty Worker': () => emptyStartsMs(count),
    });
    return [
      {
        measure: 'thread start until ready: p50',
        unit: 'ms',
        bulkhead: results.Bulkhead.map(median),
        comparedWith: { name: 'empty Worker', values: results['empty Worker'].map(median) },
        goal: { kind: 'ratio at most', value: 1.3 },
        orientation: [
          { name: 'with a module that imports its own zod', values: results['own zod'].map(median) },
        ],
      },
    ];
  },
};
