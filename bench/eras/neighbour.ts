import { openLoop, warmUp } from '../client/load.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { quantile } from '../statistics.js';
import { onEachSide, sidesOf } from './sides.js';

const CALLS_PER_SECOND = 100;
const TITLE = `${CALLS_PER_SECOND} calls/s over one connection, affinity request`;

interface Neighbour {
  readonly quietMs: number;
  readonly spinningMs: number;
}

/** What requests feel of another one that keeps its thread busy. */
export const neighbour: Row = {
  name: 'neighbour',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const { quick } = settings;
    const durationMs = quick ? 1_500 : 5_000;
    const results = await onEachSide(settings, TITLE, 2, async (clients): Promise<Neighbour> => {
      const [spinner, ...measured] = clients;
      await warmUp(clients, quick);
      const quiet = await openLoop(measured, CALLS_PER_SECOND, durationMs);
      // The spin has an end, because it stalls a server in one thread completely.
      const spun = spinner?.spin(durationMs);
      const [spinning] = await Promise.all([openLoop(measured, CALLS_PER_SECOND, durationMs), spun]);
      return { quietMs: quantile(quiet, 0.99), spinningMs: quantile(spinning, 0.99) };
    });
    return [
      { measure: `${TITLE}: p99, others quiet`, unit: 'ms', ...sidesOf(results, ({ quietMs }) => quietMs) },
      {
        measure: `${TITLE}: p99, another request spins`,
        unit: 'ms',
        ...sidesOf(results, ({ spinningMs }) => spinningMs),
      },
      {
        measure: `${TITLE}: p99, spinning over quiet`,
        unit: '',
        ...sidesOf(results, ({ quietMs, spinningMs }) => spinningMs / quietMs),
        goal: { kind: 'at most', value: 3 },
      },
    ];
  },
};
