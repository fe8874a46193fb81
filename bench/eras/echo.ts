import { closedLoop, warmUp } from '../client/load.js';
import { throughputOf } from '../client/throughput.js';
import type { BenchSettings, Figure, Row } from '../figure.js';
import { onEachSide, sidesOf } from './sides.js';

const CONNECTIONS = 8;
const TITLE = `echo over ${CONNECTIONS} connections, affinity request`;

/** Calls a second and processor a call in a closed loop, when the pool has as many threads as there are calls at a time. */
export const echo: Row = {
  name: 'echo',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    const { quick } = settings;
    const results = await onEachSide(settings, TITLE, CONNECTIONS, async (clients, { pid }) => {
      await warmUp(clients, quick);
      return throughputOf(pid, () => closedLoop(clients, quick ? 2_000 : 4_000));
    });
    return [
      {
        measure: `${TITLE}: calls`,
        unit: 'calls/s',
        ...sidesOf(results, ({ callsPerSecond }) => callsPerSecond),
        goal: { kind: 'ratio at least', value: 4 },
      },
      {
        measure: `${TITLE}: processor of the server`,
        unit: 'µs/call',
        ...sidesOf(results, ({ serverCpuUs }) => serverCpuUs),
      },
      {
        measure: `${TITLE}: processor of the client`,
        unit: 'µs/call',
        ...sidesOf(results, ({ clientCpuUs }) => clientCpuUs),
      },
    ];
  },
};
