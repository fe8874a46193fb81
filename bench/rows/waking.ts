import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { closeSessions, McpSession, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const CONCURRENCY = 8;
const PACE_MS = 250;

interface Initializing {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** So many clients that open session after session, each over its one connection. */
async function initializing(start: StartServer, quick: boolean): Promise<Initializing> {
  return withServer(start, async ({ url }) => {
    const clients = Array.from({ length: CONCURRENCY }, () => new Client(url.origin));
    const round = async (durationMs: number): Promise<number[]> => {
      const latenciesMs: number[] = [];
      const endMs = performance.now() + durationMs;
      const loop = async (client: Client): Promise<void> => {
        while (performance.now() < endMs) {
          const startMs = performance.now();
          await McpSession.initialize(url, client);
          latenciesMs.push(performance.now() - startMs);
        }
      };
      await Promise.all(clients.map(loop));
      return latenciesMs;
    };
    try {
      await round(quick ? 1000 : 3000);
      const startMs = performance.now();
      const latenciesMs = await round(quick ? 1000 : 4000);
      return { perSecond: (latenciesMs.length * 1000) / (performance.now() - startMs), latenciesMs };
    } finally {
      await Promise.all(clients.map((client) => client.destroy()));
    }
  });
}

/** Sessions that are opened and hold no thread: how many a second. */
export const initialize: Row = {
  name: 'initialize',
  title: 'initialize',
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (start: StartServer) => () => initializing(start, settings.quick);
    const results = await alternate(settings, 'initialize', {
      Bulkhead: of(bulkhead('--max-sessions', '200000')),
      SDK: of(sdk()),
    });
    const figure = (what: string, unit: string, pick: (side: Initializing) => number): Figure => ({
      measure: `initialize, ${CONCURRENCY} at once: ${what}`,
      unit,
      bulkhead: results.Bulkhead.map(pick),
      comparedWith: { name: 'SDK', values: results.SDK.map(pick) },
    });
    return [
      {
        ...figure('sessions', 'sessions/s', ({ perSecond }) => perSecond),
        goal: { kind: 'ratio at least', value: 1.5 },
      },
      {
        ...figure('p99', 'ms', ({ latenciesMs }) => quantile(latenciesMs, 0.99)),
        goal: { kind: 'ratio at most', value: 1 },
      },
    ];
  },
};

/** Each session's first call, at a pace that lets a spare be there for each. */
async function firstCallsMs(start: StartServer, quick: boolean): Promise<number[]> {
  return withServer(start, async ({ url }) => {
    const sessions = await openSessions(url, quick ? 15 : 50);
    const callsMs: number[] = [];
    try {
      for (const session of sessions) {
        await delay(PACE_MS);
        const startMs = performance.now();
        await session.echo();
        callsMs.push(performance.now() - startMs);
      }
      // The first warm the main thread and the client.
      return callsMs.slice(5);
    } finally {
      await closeSessions(sessions);
    }
  });
}

/** What a client waits for when its sleeping session is asked something. */
export const wake: Row = {
  name: 'wake',
  title: 'wake',
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (start: StartServer) => () => firstCallsMs(start, settings.quick);
    const results = await alternate(settings, 'wake', { Bulkhead: of(bulkhead()), SDK: of(sdk()) });
    const figure = (name: string, share: number): Figure => ({
      measure: `first call of a sleeping session, a spare is ready: ${name}`,
      unit: 'ms',
      bulkhead: results.Bulkhead.map((callsMs) => quantile(callsMs, share)),
      comparedWith: { name: 'SDK', values: results.SDK.map((callsMs) => quantile(callsMs, share)) },
    });
    return [{ ...figure('p50', 0.5), goal: { kind: 'at most', value: 6 } }, figure('p99', 0.99)];
  },
};
