/** Calls of revision 2026-07-28 that take long: what keeps them alive, and what becomes of them when their callers go away. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { collect, once } from '../support/events.js';
import { progressOf } from '../support/expectations.js';
import { rawClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { inProcess, inThread, program, sessionOf, sharedCatalogue } from '../support/programs.js';
import { RawClient, textOf } from '../support/raw-client.js';
import { askStateless, postStateless, type StatelessOptions } from '../support/stateless.js';

const ENDLESS = { name: 'slow', arguments: { ms: 600_000 } };
const CANCEL_GRACE_MS = 300;
/** After `cancel-grace`: to kill a process and to see that it is gone, on a machine that is busy with other tests. */
const MARGIN_MS = 500;

describe('A silent call in the stateless era', () => {
  const gateway = sharedGateway({
    affinity: 'request',
    sseAfter: '20ms',
    keepAlive: '40ms',
    progressHeartbeat: '60ms',
  });

  const silentCall = async (options: StatelessOptions = {}) => {
    const response = await postStateless(rawClient(gateway()), 'tools/call', ENDLESS, options);
    return response.stream;
  };

  it('is kept alive by comments, and sent nothing else', async () => {
    const stream = await silentCall();
    for (let seen = 0; seen < 4; seen += 1)
      await stream.next(({ comment }) => comment !== undefined, 'a keep-alive comment');
    expect(stream.comments.length).to.equal(stream.events.length);
  });

  it('is kept by progress of the gateway if it has a progressToken, which grows in tiny steps', async () => {
    const stream = await silentCall({ progressToken: 'silent' });
    for (let seen = 0; seen < 3; seen += 1)
      await stream.message(({ method }) => method === 'notifications/progress');
    const progress = progressOf(stream.messages, 'silent');
    expect(progress).to.have.length(stream.messages.length);
    expect(progress).to.deep.equal([...new Set(progress)].sort((one, other) => one - other));
    expect(progress.at(-1)).to.be.within(Number.MIN_VALUE, 1);
    expect(stream.events.filter(({ id, retry }) => id !== undefined || retry !== undefined)).to.deep.equal(
      [],
    );
  });
});

const PERILOUS = { module: fileURLToPath(fixtureModule('perilous')), affinity: 'request' as const };
const SPINNING = {
  'module-in-process': { ...PERILOUS, isolation: 'process' as const },
  'program-in-process': inProcess('odd-server.mjs', [], { affinity: 'request' }),
  'program-in-thread': inThread('odd-server.mjs', [], { affinity: 'request' }),
  command: program('odd-server.mjs', [], { affinity: 'request' }),
};

describe('A caller of the stateless era that goes away while a tool spins', () => {
  const gateway = sharedCatalogue(SPINNING, { sseAfter: '20ms', cancelGrace: `${CANCEL_GRACE_MS}ms` });

  for (const server of Object.keys(SPINNING)) {
    it(`ends what it has left within cancel-grace, and nothing else: ${server}`, async () => {
      const { events } = gateway();
      const exits = collect(events, 'thread-exited');
      const neighbour = await sessionOf(gateway(), server);
      expect(textOf(await neighbour.call('count'))).to.equal('1');

      const caller = new RawClient(new URL(`/${server}/mcp`, gateway().url));
      afterThisTest(() => caller.destroy());
      const begun = once(events, 'session-woke');
      const spinning = await postStateless(caller, 'tools/call', { name: 'spin', arguments: {} });
      expect(spinning.isEventStream).to.equal(true);
      await begun;
      const other = await askStateless(caller, 'tools/call', { name: 'count', arguments: {} });
      expect(textOf(other.answer), 'another request meanwhile').to.equal('1');

      const killed = once(events, 'thread-exited', ({ cause }) => cause === 'killed');
      spinning.stream.destroy();
      expect((await killed).killMs).to.be.within(CANCEL_GRACE_MS / 2, CANCEL_GRACE_MS + MARGIN_MS);
      expect(textOf(await neighbour.call('count')), 'in the same worker').to.equal('2');
      expect(exits.filter(({ cause }) => cause === 'killed')).to.have.length(1);
    });
  }
});
