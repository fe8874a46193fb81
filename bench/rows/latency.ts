import { openLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Goal, type Row } from '../figure.js';
import { bare, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const SESSIONS = 8;

async function measure(start: StartServer, callsPerSecond: number, quick: boolean): Promise<number[]> {
  return withServer(start, async ({ url }) => {
    const sessions = await openSessions(url, SESSIONS);
    try {
      await warmUp(sessions, quick);
      return await openLoop(sessions, callsPerSecond, quick ? 2000 : 10_000);
    } finally {
      await closeSessions(sessions);
    }
  });
}

const NO_WORSE: Goal = { kind: 'ratio at most', value: 1 };

/** What one call takes at a rate that both sides can serve. */
function latencyAt(
  name: string,
  callsPerSecond: number,
  goals: { readonly p50?: Goal; readonly p99?: Goal },
): Row {
  const title = `echo, ${callsPerSecond.toLocaleString('en-US')} calls/s over ${SESSIONS} sessions`;
  return {
    name,
    title,
    async run(settings: BenchSettings): Promise<Figure[]> {
      const of = (start: StartServer) => () => measure(start, callsPerSecond, settings.quick);
      const results = await alternate(settings, title, {
        Bulkhead: of(bulkhead()),
        SDK: of(sdk()),
        'node:http': of(bare),
      });
      const figure = (percentile: string, share: number, goal: Goal | undefined): Figure => {
        const values = (side: keyof typeof results): number[] =>
          results[side].map((latenciesMs) => quantile(latenciesMs, share));
        return {
          measure: `${title}: ${percentile}`,
          unit: 'ms',
          bulkhead: values('Bulkhead'),
          comparedWith: { name: 'SDK', values: values('SDK') },
          orientation: [{ name: 'node:http', values: values('node:http') }],
          ...(goal && { goal }),
        };
      };
      return [figure('p50', 0.5, goals.p50), figure('p99', 0.99, goals.p99)];
    },
  };
}

/** When the machine has hardly anything else to do. */
export const latency = latencyAt('latency', 50, { p50: NO_WORSE });
/** More than half of what the SDK can serve in one thread on Node 20. */
export const loadedLatency = latencyAt('loaded-latency', 2_000, { p99: NO_WORSE });
