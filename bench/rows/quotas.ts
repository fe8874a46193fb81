import { setTimeout as delay } from 'node:timers/promises';
import { openLoop } from '../client/load.js';
import { closeSessions, McpSession } from '../client/mcp-session.js';
import { authorizationOf, withTokensFile } from '../client/principals.js';
import { alternate, type BenchSettings, type Figure, type Row } from '../figure.js';
import { bulkhead, withServer } from '../servers/measured-server.js';
import { quantile } from '../statistics.js';

const WITHIN = 45;
const OVER = 5;
const QUOTA_PER_SECOND = 5;
/** A little less: an open loop may be late, and then sends more at once. */
const CALLS_PER_SECOND = 4.5;
const OVER_PER_SECOND = 50;
const TITLE = `${WITHIN} principals at their quota of ${QUOTA_PER_SECOND} calls/s`;

interface Latencies {
  readonly quietMs: number;
  readonly besideMs: number;
}

/** Each answer is checked: a refusal of somebody who is within the quota fails the run. */
async function measure(quick: boolean): Promise<Latencies> {
  const names = Array.from({ length: WITHIN + OVER }, (_, index) => `principal-${index}`);
  const durationMs = quick ? 3_000 : 60_000;
  return withTokensFile(names, (path) => {
    const start = bulkhead('--tokens-file', path, '--quota-rate', String(QUOTA_PER_SECOND));
    return withServer(start, async ({ url }) => {
      const sessions: McpSession[] = [];
      for (const name of names) sessions.push(await McpSession.open(url, authorizationOf(name)));
      const [within, over] = [sessions.slice(0, WITHIN), sessions.slice(WITHIN)];
      const ask = () => openLoop(within, WITHIN * CALLS_PER_SECOND, durationMs);
      try {
        for (const session of within) await session.echo();
        const quiet = await ask();
        let done = false;
        const flood = over.map(async (session) => {
          while (!done) {
            await session.attempt('echo', { text: 'x' });
            await delay(1_000 / OVER_PER_SECOND);
          }
        });
        const beside = await ask();
        done = true;
        await Promise.all(flood);
        return { quietMs: quantile(quiet, 0.99), besideMs: quantile(beside, 0.99) };
      } finally {
        await closeSessions(sessions);
      }
    });
  });
}

/** What those who are within their quota feel of others who are over it. */
export const quotas: Row = {
  name: 'quotas',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const results = await alternate(settings, TITLE, { Bulkhead: () => measure(settings.quick) });
    const figure = (name: string, unit: string, pick: (latencies: Latencies) => number): Figure => ({
      measure: `${TITLE}: ${name}`,
      unit,
      bulkhead: results.Bulkhead.map(pick),
    });
    return [
      figure('p99, alone', 'ms', ({ quietMs }) => quietMs),
      figure(`p99, beside ${OVER} that are over it`, 'ms', ({ besideMs }) => besideMs),
      {
        ...figure('p99, beside them over alone', '', ({ quietMs, besideMs }) => besideMs / quietMs),
        goal: { kind: 'at most', value: 1.5 },
      },
    ];
  },
};
