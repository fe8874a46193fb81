/** The first call of a session that has a spare waiting, against that of a server that runs already. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchSettings, Figure, Row } from '../../figure.js';
import { quantile } from '../../statistics.js';
import { openSession, startedDirectly, teach } from '../session-costs.js';
import { directly, ECHO, withBulkhead, withMcpProxy, withSupergateway } from '../sides.js';

const SPARE_MS = 1_500;
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'first' } },
});

async function firstCallMs(url: URL): Promise<number> {
  const session = await openSession(url);
  // Meanwhile supergateway starts its process, and the gateway starts a spare.
  await delay(SPARE_MS);
  const startMs = performance.now();
  await session.echo();
  const ms = performance.now() - startMs;
  await session.delete();
  await session.close();
  return ms;
}

async function directFirstCallMs(): Promise<number> {
  const { ask, wire } = await startedDirectly(directly(ECHO, 'direct'));
  await delay(SPARE_MS);
  const startMs = performance.now();
  await ask(CALL);
  const ms = performance.now() - startMs;
  await wire.close();
  return ms;
}

type Side = 'spare' | 'direct' | 'supergateway' | 'proxy';

function take(count: number): Promise<Record<Side, number[]>> {
  return withBulkhead(ECHO, { spares: 1 }, (gateway) =>
    withSupergateway(ECHO, (supergateway) =>
      withMcpProxy(ECHO, async (proxy) => {
        const times: Record<Side, number[]> = { spare: [], direct: [], supergateway: [], proxy: [] };
        await teach(gateway.url, supergateway.url, proxy.url);
        for (const { url } of [gateway, supergateway, proxy]) await firstCallMs(url);
        for (let turn = 0; turn < count; turn += 1) {
          times.spare.push(await firstCallMs(gateway.url));
          times.direct.push(await directFirstCallMs());
          times.supergateway.push(await firstCallMs(supergateway.url));
          times.proxy.push(await firstCallMs(proxy.url));
        }
        return times;
      }),
    ),
  );
}

export const firstCall: Row = {
  name: 'first-call',
  title: 'first call with a spare',
  async run({ rounds, quick, progress }: BenchSettings): Promise<Figure[]> {
    const taken: Record<Side, number[]>[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`first call: round ${round} of ${rounds}`);
      taken.push(await take(quick ? 3 : 12));
    }
    const of = (side: Side, share: number) => taken.map((times) => quantile(times[side], share));
    const more = taken.map(({ spare, direct }) => quantile(spare, 0.5) - quantile(direct, 0.5));
    const orientation = (share: number) => [
      { name: 'supergateway', values: of('supergateway', share) },
      { name: 'mcp-proxy', values: of('proxy', share) },
    ];
    return [
      {
        measure: 'first call with a spare, more than directly, p50',
        unit: 'ms',
        bulkhead: more,
        goal: { kind: 'at most', value: 3 },
      },
      ...[0.5, 0.99].map((share) => ({
        measure: `first call with a spare, p${share * 100}`,
        unit: 'ms',
        bulkhead: of('spare', share),
        comparedWith: { name: 'directly', values: of('direct', share) },
        orientation: orientation(share),
      })),
    ];
  },
};
