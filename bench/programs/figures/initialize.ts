/** `initialize` in sessions whose server is already known, against a proxy that starts a process for each. */
import type { BenchSettings, Figure, Row } from '../../figure.js';
import { quantile } from '../../statistics.js';
import { directInitializeMs, initializeMs, teach } from '../session-costs.js';
import { directly, ECHO, withBulkhead, withMcpProxy, withSupergateway } from '../sides.js';

interface Times {
  readonly learned: number[];
  readonly supergateway: number[];
  readonly proxy: number[];
  readonly direct: number[];
}

/** All are up at the same time and take turns; those that wait do nothing. */
function take(count: number): Promise<Times> {
  return withBulkhead(ECHO, {}, (gateway) =>
    withSupergateway(ECHO, (supergateway) =>
      withMcpProxy(ECHO, async (proxy) => {
        const times: Times = { learned: [], supergateway: [], proxy: [], direct: [] };
        await teach(gateway.url, supergateway.url, proxy.url);
        for (let turn = 0; turn < count; turn += 1) {
          times.learned.push(await initializeMs(gateway.url));
          times.supergateway.push(await initializeMs(supergateway.url));
          times.proxy.push(await initializeMs(proxy.url));
          times.direct.push(await directInitializeMs(directly(ECHO, 'direct')));
        }
        return times;
      }),
    ),
  );
}

export const initialize: Row = {
  name: 'initialize',
  title: 'initialize from learned lists',
  async run({ rounds, quick, progress }: BenchSettings): Promise<Figure[]> {
    const taken: Times[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`initialize: round ${round} of ${rounds}`);
      taken.push(await take(quick ? 5 : 40));
    }
    const of = (side: keyof Times, share: number) => taken.map((times) => quantile(times[side], share));
    return [0.5, 0.99].map((share) => ({
      measure: `initialize from learned lists, p${share * 100}`,
      unit: 'ms',
      bulkhead: of('learned', share),
      comparedWith: { name: 'supergateway', values: of('supergateway', share) },
      ...(share === 0.5 && { goal: { kind: 'ratio at most', value: 0.05 } as const }),
      orientation: [
        { name: 'mcp-proxy', values: of('proxy', share) },
        { name: 'directly', values: of('direct', share) },
      ],
    }));
  },
};
