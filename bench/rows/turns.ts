import { setTimeout as delay } from 'node:timers/promises';
import { closeSessions, McpSession } from '../client/mcp-session.js';
import { authorizationOf, withTokensFile } from '../client/principals.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bulkhead, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const BURST = 200;
const THREADS = 8;
const SPIN_MS = 20;
const BEGUN_MS = 500;
const PRINCIPALS = ['busy', 'other'] as const;
const TITLE = `${BURST} sessions of one principal call without a pause, ${THREADS} threads`;

/** How long one session after the other waits for the answer to its first call, while those of `busy` want all threads. */
async function waitsMs(principal: (typeof PRINCIPALS)[number], quick: boolean): Promise<number[]> {
  return withTokensFile(PRINCIPALS, (path) => {
    const start = bulkhead('--max-threads', String(THREADS), '--spare-threads', '0', '--tokens-file', path);
    return withServer(start, async ({ url }) => {
      const burst: McpSession[] = [];
      while (burst.length < BURST) burst.push(await McpSession.open(url, authorizationOf('busy')));
      let over = false;
      const call = async (session: McpSession): Promise<void> => {
        while (!over) await session.attempt('spin', { ms: SPIN_MS });
      };
      const calls = burst.map(call);
      const waits: number[] = [];
      try {
        // Until then all of them wait, or have a thread.
        await delay(BEGUN_MS);
        for (let sample = 0; sample < (quick ? 2 : 6); sample += 1) {
          const session = await McpSession.open(url, authorizationOf(principal));
          // Behind the whole burst it may be told after 45 s that no thread has become free: then it has waited that long.
          const { ms } = await session.attempt('echo', { text: principal });
          waits.push(ms);
          await session.delete();
          await session.close();
        }
      } finally {
        over = true;
        await closeSessions(burst);
        await Promise.all(calls);
      }
      return waits;
    });
  });
}

/** What a principal waits for a thread while another one wants more of them than there are. */
export const turns: Row = {
  name: 'turns',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const of = (principal: (typeof PRINCIPALS)[number]) => () => waitsMs(principal, settings.quick);
    const results = await alternate(settings, TITLE, { other: of('other'), busy: of('busy') });
    const figure = (name: string, share: number): Figure => ({
      measure: `${TITLE}: wait of another principal's session, ${name}`,
      unit: 'ms',
      bulkhead: results.other.map((waits) => quantile(waits, share)),
      comparedWith: {
        name: 'the same, first come, first served',
        values: results.busy.map((waits) => quantile(waits, share)),
      },
    });
    return [{ ...figure('p50', 0.5), goal: { kind: 'ratio at most', value: 0.25 } }, figure('p99', 0.99)];
  },
};
