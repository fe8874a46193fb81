import { Admin } from '../client/admin.js';
import { McpSession } from '../client/mcp-session.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { withEmptyWorkers } from '../servers/empty-workers-process.js';
import { builtIn, bulkhead, type StartServer, withServer } from '../servers/measured-server.js';
import { median } from '../statistics.js';

const TITLE = 'thread start';
const METRIC = 'bulkhead_thread_start_duration_seconds';

type Starts = Record<'builtIn' | 'ownZod' | 'empty', number[]>;

/** Starts one thread and ends it; how long it took until it was ready, in milliseconds. */
type StartOne = () => Promise<number>;

/**
 * Without spares, each session makes the gateway start exactly one thread, and the client, the gateway and all other threads
 * wait for it. The gateway measures the time from the start until the thread is ready.
 */
function withGatewayStarts<Result>(
  start: StartServer,
  call: (session: McpSession) => Promise<void>,
  measure: (startOne: StartOne) => Promise<Result>,
): Promise<Result> {
  return withServer(start, async (server) => {
    const admin = new Admin(server);
    try {
      return await measure(async () => {
        const before = await admin.histogram(METRIC);
        const session = await McpSession.open(server.url);
        await call(session);
        const startMs = await admin.nextObservationMs(METRIC, before);
        await session.delete();
        await admin.untilSession(session.id, 'its end', (snapshot) => snapshot === undefined);
        await session.close();
        return startMs;
      });
    } finally {
      await admin.close();
    }
  });
}

/** The same with empty workers. */
function withEmptyStarts<Result>(measure: (startOne: StartOne) => Promise<Result>): Promise<Result> {
  return withEmptyWorkers((workers) =>
    measure(async () => {
      const [startMs] = await workers.start(1);
      if (startMs === undefined) throw new Error('the process of empty workers told no time');
      await workers.stopWorkers();
      return startMs;
    }),
  );
}

/**
 * The two sides start in turn, over and over: a start takes 24 or 34 ms, depending on what else the machine does in that second.
 * If each side had its own seconds, two different machine loads would be compared.
 */
function startsInTurn(count: number): Promise<Starts> {
  return withGatewayStarts(
    builtIn('--spare-threads', '0'),
    (session) => session.sessionInfo(),
    (startBuiltIn) =>
      withGatewayStarts(
        bulkhead('--spare-threads', '0'),
        (session) => session.echo(),
        (startOwnZod) =>
          withEmptyStarts(async (startEmpty) => {
            const starts: Starts = { builtIn: [], ownZod: [], empty: [] };
            const sides = [
              [starts.builtIn, startBuiltIn],
              [starts.ownZod, startOwnZod],
              [starts.empty, startEmpty],
            ] as const;
            for (let started = -2; started < count; started += 1) {
              for (const [startsMs, startOne] of sides) {
                const startMs = await startOne();
                if (started >= 0) startsMs.push(startMs);
              }
            }
            return starts;
          }),
      ),
  );
}

/** From the start of a thread until it is ready: a spare with the SDK and the module, and an empty `Worker`. */
export const threadStart: Row = {
  name: 'thread-start',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const rounds: Starts[] = [];
    for (let round = 1; round <= settings.rounds; round += 1) {
      settings.progress(`${TITLE}: round ${round} of ${settings.rounds}`);
      rounds.push(await startsInTurn(settings.quick ? 5 : 40));
    }
    const medians = (side: keyof Starts): number[] => rounds.map((starts) => median(starts[side]));
    return [
      {
        measure: 'thread start until ready: p50',
        unit: 'ms',
        bulkhead: medians('builtIn'),
        comparedWith: { name: 'empty Worker', values: medians('empty') },
        goal: { kind: 'ratio at most', value: 1.3 },
        orientation: [{ name: 'with a module that imports its own zod', values: medians('ownZod') }],
      },
    ];
  },
};
