import { openLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const CALLS_PER_SECOND = 100;
const TITLE = `${CALLS_PER_SECOND} calls/s of one session`;

interface Neighbour {
  readonly quietMs: number;
  readonly spinningMs: number;
}

async function measure(start: StartServer, quick: boolean): Promise<Neighbour> {
  const durationMs = quick ? 1500 : 5000;
  return withServer(start, async ({ url }) => {
    const sessions = await openSessions(url, 2);
    try {
      const [spinner, ...measured] = sessions;
      await warmUp(sessions, quick);
      const quiet = await openLoop(measured, CALLS_PER_SECOND, durationMs);
      const spun = spinner?.spin(durationMs);
      const [spinning] = await Promise.all([openLoop(measured, CALLS_PER_SECOND, durationMs), spun]);
      return { quietMs: quantile(quiet, 0.99), spinningMs: quantile(spinning, 0.99) };
    } finally {
      await closeSessions(sessions);
    }
  });
}

/** What one session feels of another whose tool keeps its thread busy. */
export const neighbour: Row = {
  name: 'neighbour',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (start: StartServer) => () => measure(start, settings.quick);
    const results = await alternate(settings, TITLE, { Bulkhead: of(bulkhead()), SDK: of(sdk()) });
    const figure = (name: string, unit: string, pick: (neighbours: Neighbour) => number): Figure => ({
      measure: `${TITLE}: ${name}`,
      unit,
      bulkhead: results.Bulkhead.map(pick),
      comparedWith: { name: 'SDK', values: results.SDK.map(pick) },
    });
    return [
      figure('p99, others quiet', 'ms', ({ quietMs }) => quietMs),
      figure('p99, another spins', 'ms', ({ spinningMs }) => spinningMs),
      {
        ...figure('p99, spinning over quiet', '', ({ quietMs, spinningMs }) => spinningMs / quietMs),
        goal: { kind: 'at most', value: 3 },
      },
    ];
  },
};
