import { openLoop } from '../../client/load.js';
import { closeSessions, openSessions } from '../../client/mcp-session.js';
import { quantile } from '../../statistics.js';
import { within } from '../deadline.js';
import type { PeerRow, Reading } from '../reading.js';
import { withPeer } from '../started-peer.js';

const CALLS_PER_SECOND = 50;
/** The stall of a server that lets nobody else in, and then some. */
const DEADLINE_MS = 30_000;

/**
 * How much one session slows another down. Both are open before one of them spins. Otherwise a server in one thread would seem
 * quick, because the calls would begin only after the spin; `bulkhead load` opens its sessions itself.
 */
export const neighbour: PeerRow = {
  name: 'neighbour',
  measures: ['others quiet', 'another spins for 4 s meanwhile'].map((what) => ({
    name: `${CALLS_PER_SECOND} calls/s of one session: p99, ${what}`,
    unit: 'ms',
    better: 'lower',
  })),
  read: (peer, { quick }) =>
    withPeer(peer, async ({ url }): Promise<Reading[]> => {
      const sessions = await openSessions(url, 2);
      try {
        const [spinner, ...measured] = sessions;
        const p99 = async (durationMs: number): Promise<Reading> => {
          const latenciesMs = await within(openLoop(measured, CALLS_PER_SECOND, durationMs), DEADLINE_MS);
          if (latenciesMs === undefined) return { note: `not all answered within ${DEADLINE_MS / 1000} s` };
          return { value: quantile(latenciesMs, 0.99) };
        };
        await spinner?.echo();
        await p99(quick ? 1_000 : 3_000);
        const quiet = await p99(quick ? 2_000 : 6_000);
        const spun = spinner?.attempt('spin', { ms: 4_000 });
        const spinning = await p99(quick ? 4_000 : 6_000);
        await spun;
        return [quiet, spinning];
      } finally {
        await closeSessions(sessions);
      }
    }),
};
