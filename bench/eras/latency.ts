import { openLoop, warmUp } from '../client/load.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { quantile } from '../statistics.js';
import { onEachSide, sidesOf } from './sides.js';

const CONNECTIONS = 8;
const CALLS_PER_SECOND = 500;
const TITLE = `echo, ${CALLS_PER_SECOND} calls/s over ${CONNECTIONS} connections, affinity request`;

/** What one call takes at a rate that one thread can serve on a quiet machine. */
export const latency: Row = {
  name: 'latency',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const { quick } = settings;
    const results = await onEachSide(settings, TITLE, CONNECTIONS, async (clients) => {
      await warmUp(clients, quick);
      return openLoop(clients, CALLS_PER_SECOND, quick ? 2_000 : 10_000);
    });
    const figure = (share: number): Figure => ({
      measure: `${TITLE}: p${share * 100}`,
      unit: 'ms',
      ...sidesOf(results, (latenciesMs) => quantile(latenciesMs, share)),
    });
    return [figure(0.5), { ...figure(0.99), goal: { kind: 'ratio at most', value: 1 } }];
  },
};
