import { setTimeout as delay } from 'node:timers/promises';
import { describe, withPair } from '../clients.js';
import type { Peer } from '../peers.js';
import type { PeerRow, Reading } from '../reading.js';
import { withPeer } from '../started-peer.js';
import { othersAfter } from './crash.js';

const MIB = 2 ** 20;
/** Twice the heap limit that every process has; the other stays in Buffers, where no heap limit holds. */
const TAKEN_MIB = 1024;
const SETTLE_MS = 2_000;

function heap(peer: Peer): Promise<Reading[]> {
  return withPeer(peer, (started) =>
    withPair(started, async (client, other) => {
      const caller = describe(await client.call('allocate', { mib: TAKEN_MIB, where: 'heap' }));
      return [{ note: caller }, { note: await othersAfter(started, other) }];
    }),
  );
}

function buffers(peer: Peer): Promise<Reading[]> {
  return withPeer(peer, (started) =>
    withPair(started, async (client, other) => {
      await delay(SETTLE_MS);
      const before = started.memoryBytes();
      const caller = describe(await client.call('allocate', { mib: TAKEN_MIB, where: 'buffers' }));
      const others = await othersAfter(started, other);
      await delay(SETTLE_MS);
      const takenMib = Math.max(0, (started.memoryBytes() - before) / MIB);
      return [{ note: caller }, { note: others }, { value: takenMib }];
    }),
  );
}

const inHeap = `a tool allocates without end, heap limit 512 MiB`;
const inBuffers = `a tool takes ${TAKEN_MIB.toLocaleString('en-US')} MiB of Buffers`;

export const outOfMemory: PeerRow = {
  name: 'out-of-memory',
  measures: [
    { name: `${inHeap}: its caller gets`, unit: '', better: 'lower' },
    { name: `${inHeap}: another session`, unit: '', better: 'lower' },
    { name: `${inBuffers}: its caller gets`, unit: '', better: 'lower' },
    { name: `${inBuffers}: another session`, unit: '', better: 'lower' },
    { name: `${inBuffers}: memory taken 2 s later`, unit: 'MiB', better: 'lower' },
  ],
  read: async (peer) => [...(await heap(peer)), ...(await buffers(peer))],
};
