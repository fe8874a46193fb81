import { setTimeout as delay } from 'node:timers/promises';
import { withClients } from '../clients.js';
import type { PeerRow, PeerSettings, Reading } from '../reading.js';
import { withPeer } from '../started-peer.js';

const MIB = 2 ** 20;
const SESSIONS = 32;
/** What is less can't be told from what a collector does to the server meanwhile. */
const LEAST_MIB = 0.5;

function perSession(mib: number): Reading {
  return mib < LEAST_MIB ? { value: LEAST_MIB, note: 'or less' } : { value: mib };
}

function settle({ quick }: PeerSettings): Promise<void> {
  return delay(quick ? 1_000 : 3_000);
}

export const memory: PeerRow = {
  name: 'memory',
  measures: [
    { name: 'memory of the server without a session', unit: 'MiB', better: 'lower' },
    { name: `memory per idle session, ${SESSIONS} open`, unit: 'MiB', better: 'lower' },
    { name: `memory per session after a call, ${SESSIONS} open`, unit: 'MiB', better: 'lower' },
  ],
  read: (peer, settings) =>
    withPeer(peer, async (started): Promise<Reading[]> => {
      // What the first session loads for all sessions counts as the server's.
      await withClients(started, 1, async ([first]) => {
        await first?.must('echo', { text: 'first' });
        await first?.session.delete();
      });
      await settle(settings);
      const before = started.memoryBytes();
      return withClients(started, SESSIONS, async (clients) => {
        const eachMib = () => (started.memoryBytes() - before) / SESSIONS / MIB;
        await settle(settings);
        const idle = eachMib();
        for (const client of clients) await client.must('echo', { text: 'a call' });
        await settle(settings);
        return [{ value: before / MIB }, perSession(idle), perSession(eachMib())];
      });
    }),
};
