import { describe, PeerClient, withPair } from '../clients.js';
import type { Peer } from '../peers.js';
import type { Measure, PeerRow, Reading } from '../reading.js';
import { type StartedPeer, withPeer } from '../started-peer.js';

const WAYS = { throw: 'throws outside of a handler', exit: 'calls `process.exit`' } as const;

/** From a refused connection until its process's end is seen, also where a core is written. */
const EXIT_MS = 1_000;

/** Whether a client that did nothing wrong is still served, by its session or a new one. */
export async function othersAfter(peer: StartedPeer, other: PeerClient): Promise<string> {
  const outcome = await other.call('echo', { text: 'still there' });
  if (outcome?.kind === 'answered') return 'answers';
  const opened = await PeerClient.open(peer).then(
    async (client) => {
      const served = await client.call('echo', { text: 'anew' });
      await client.vanish();
      return served?.kind === 'answered';
    },
    () => false,
  );
  if (opened) return 'lost; a new session answers';
  return (await peer.endsWithin(EXIT_MS)) ? 'lost: the server is gone' : 'lost; new sessions fail too';
}

function crashing(peer: Peer, how: keyof typeof WAYS): Promise<Reading[]> {
  return withPeer(peer, (started) =>
    withPair(started, async (client, other) => {
      const caller = describe(await client.call('crash', { how }));
      return [{ note: caller }, { note: await othersAfter(started, other) }];
    }),
  );
}

function measures(how: keyof typeof WAYS): Measure[] {
  return [`its caller gets`, 'another session'].map((whose) => ({
    name: `a tool ${WAYS[how]}: ${whose}`,
    unit: '',
    better: 'lower',
  }));
}

export const crash: PeerRow = {
  name: 'crash',
  measures: [...measures('throw'), ...measures('exit')],
  read: async (peer) => [...(await crashing(peer, 'throw')), ...(await crashing(peer, 'exit'))],
};
