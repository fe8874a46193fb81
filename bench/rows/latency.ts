import { openLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bare, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const SESSIONS = 8;
const CALLS_PER_SECOND = 50;
const TITLE = `echo, ${CALLS_PER_SECOND} calls/s over ${SESSIONS} sessions`;

async function measure(start: StartServer, quick: boolean): Promise<number[]> {
  return withServer(start, async ({ url }) => {
    const sessions = await openSessions(url, SESSIONS);
    try {
      await warmUp(sessions, quick);
      return await openLoop(sessions, CALLS_PER_SECOND, quick ? 2000 : 10_000);
    } finally {
      await closeSessions(sessions);
    }
  });
}

/** What one call takes when the machine has nothing else to do. */
export const latency: Row = {
  name: 'latency',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (start: StartServer) => () => measure(start, settings.quick);
    const results = await alternate(settings, TITLE, {
      Bulkhead: of(bulkhead()),
      SDK: of(sdk()),
      'node:http': of(bare),
    });
    const figure = (name: string, share: number): Figure => {
      const values = (side: keyof typeof results): number[] =>
        results[side].map((latenciesMs) => quantile(latenciesMs, share));
      return {
        measure: `${TITLE}: ${name}`,
        unit: 'ms',
        bulkhead: values('Bulkhead'),
        comparedWith: { name: 'SDK', values: values('SDK') },
        orientation: [{ name: 'node:http', values: values('node:http') }],
      };
    };
    return [{ ...figure('p50', 0.5), goal: { kind: 'ratio at most', value: 1 } }, figure('p99', 0.99)];
  },
};
