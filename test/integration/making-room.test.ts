import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import type { RawClient } from '../support/raw-client.js';
import { textOf } from '../support/raw-client.js';
import { asleep, keptBy, ofSession, startSleepyGateway, stateOf } from '../support/sleep.js';

/** How long a session waits for a thread, plus what a loaded machine adds. */
const WAIT_DEADLINE_MS = 45_000;
/** No session falls asleep by itself. */
const roomOnly = { sleepAfter: '1h', spareThreads: 0 } as const;

describe('room for a session that wakes', () => {
  it('is not made by sessions that work: it waits until one has finished', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const slow = worker.call('slow', { ms: 700 });
    await once(gateway.events, 'request-started');
    const sleeps = collect(gateway.events, 'session-sleeps');
    const served = waiter.call('echo', { text: 'served' });
    await once(gateway.events, 'request-started');
    expect(sleeps).to.deep.equal([]);
    expect(gateway.snapshot().threadWaiters).to.equal(1);
    expect(textOf(await slow)).to.equal('waited 700');
    expect(textOf(await served)).to.equal('served');
    expect(sleeps.filter((event) => ofSession(worker)(event))).to.have.length(1);
  });

  it('is made once a hold is released, and the holder is not asked until then', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [holder, waiter] = await workerAndWaiter(gateway);
    await holder.call('hold');
    await holder.call('release', { times: 1, inMs: 1_000 });
    const sleeps = collect(gateway.events, 'session-sleeps');
    const answer = await waiter.call('echo', { text: 'served' }, { deadlineMs: WAIT_DEADLINE_MS * 0.8 });
    expect(textOf(answer)).to.equal('served');
    expect(sleeps.filter((event) => ofSession(holder)(event))).to.have.lengthOf(1);
  });

  it('is made by others where one refuses', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 2 });
    const holder = await connectedClient(gateway);
    await holder.call('hold');
    await holder.call('keep', { key: 'mine', value: 'still' });
    const other = await connectedClient(gateway);
    await other.call('echo', { text: 'idle' });
    const third = await connectedClient(gateway);
    expect(textOf(await third.call('echo', { text: 'served' }))).to.equal('served');
    expect(stateOf(gateway, other)).to.equal('asleep');
    expect((await keptBy(holder, 'mine')).memory).to.equal('still');
  });
});

describe('a module that says sleep: false', () => {
  it('keeps its threads, however long nothing is asked', async () => {
    const gateway = await startSleepyGateway({ serverModule: fixtureModule('sleepless') });
    const sleeps = collect(gateway.events, 'session-sleeps');
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'mine', value: true });
    await delay(500);
    expect(sleeps).to.deep.equal([]);
    expect((await keptBy(client, 'mine')).memory).to.equal(true);
  });

  it('makes no room for others either', async () => {
    const gateway = await startSleepyGateway({ serverModule: fixtureModule('sleepless'), maxThreads: 1 });
    const sleeps = collect(gateway.events, 'session-sleeps');
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'mine', value: true });
    const started = once(gateway.events, 'session-started');
    const second = connectedClient(gateway);
    await started;
    await client.call('slow', { ms: 500 });
    expect(sleeps).to.deep.equal([]);
    expect((await keptBy(client, 'mine')).memory).to.equal(true);
    await client.delete();
    await withDeadline(second, 'the second session');
  });
});

/** Two sessions: the first has the only thread; the second is asleep. */
async function workerAndWaiter(gateway: Gateway): Promise<[RawClient, RawClient]> {
  const waiter = await connectedClient(gateway);
  await waiter.call('echo', { text: 'first' });
  const worker = await connectedClient(gateway);
  await worker.call('echo', { text: 'second' });
  await asleep(gateway, waiter);
  return [worker, waiter];
}
