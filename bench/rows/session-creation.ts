import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { McpSession } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bare, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const TITLE = 'session creation';
const PACE_MS = 200;
const PARALLEL = 4;

interface Creation {
  readonly initializeMs: readonly number[];
  readonly firstCallMs: readonly number[];
  readonly sessionsPerSecond: number;
}

/** One session's life: connect and `initialize`, first call, DELETE. */
async function live(url: URL): Promise<{ initializeMs: number; firstCallMs: number }> {
  const startMs = performance.now();
  const session = await McpSession.initialize(url, new Client(url.origin));
  const initializedMs = performance.now();
  try {
    await session.initialized();
    const callMs = performance.now();
    await session.echo();
    const endMs = performance.now();
    await session.delete();
    return { initializeMs: initializedMs - startMs, firstCallMs: endMs - callMs };
  } finally {
    await session.close();
  }
}

async function measure(start: StartServer, quick: boolean): Promise<Creation> {
  return withServer(start, async ({ url }) => {
    const count = quick ? 15 : 150;
    const initializeMs: number[] = [];
    const firstCallMs: number[] = [];
    for (let lived = -5; lived < count; lived += 1) {
      const pace = delay(PACE_MS);
      const times = await live(url);
      // The first five warm the server's main thread and the client.
      if (lived >= 0) {
        initializeMs.push(times.initializeMs);
        firstCallMs.push(times.firstCallMs);
      }
      await pace;
    }
    const startMs = performance.now();
    const endMs = startMs + (quick ? 1000 : 4000);
    let sessions = 0;
    const loop = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await live(url);
        sessions += 1;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, loop));
    return {
      initializeMs,
      firstCallMs,
      sessionsPerSecond: (sessions * 1000) / (performance.now() - startMs),
    };
  });
}

/** Sessions at a pace that lets spares be there, and as many as there can be. */
export const sessionCreation: Row = {
  name: 'session-creation',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (start: StartServer) => () => measure(start, settings.quick);
    const results = await alternate(settings, TITLE, {
      Bulkhead: of(bulkhead()),
      SDK: of(sdk()),
      'node:http': of(bare),
    });
    const figure = (measureName: string, unit: string, pick: (creation: Creation) => number): Figure => ({
      measure: measureName,
      unit,
      bulkhead: results.Bulkhead.map(pick),
      comparedWith: { name: 'SDK', values: results.SDK.map(pick) },
      // What a new connection and a client that wakes up five times a second cost.
      orientation: [{ name: 'node:http', values: results['node:http'].map(pick) }],
    });
    const pace = `${1000 / PACE_MS} sessions/s`;
    return [
      figure(`connect and initialize, ${pace}: p50`, 'ms', ({ initializeMs }) => quantile(initializeMs, 0.5)),
      {
        ...figure(`connect and initialize, ${pace}: p99`, 'ms', ({ initializeMs }) =>
          quantile(initializeMs, 0.99),
        ),
        goal: { kind: 'at most', value: 3 },
      },
      figure(`first call of a new session, ${pace}: p50`, 'ms', ({ firstCallMs }) =>
        quantile(firstCallMs, 0.5),
      ),
      figure(
        `initialize, one call, DELETE, ${PARALLEL} at once`,
        'sessions/s',
        ({ sessionsPerSecond }) => sessionsPerSecond,
      ),
    ];
  },
};
