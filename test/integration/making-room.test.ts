import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import type { JsonRpcMessage, RawClient } from '../support/raw-client.js';
import { textOf } from '../support/raw-client.js';
import { asleep, keptBy, ofSession, startSleepyGateway, stateOf } from '../support/sleep.js';
import { shortenTimeouts } from '../support/timers.js';

/** What a session waits for a thread, and what a loaded machine adds to it. */
const WAIT_DEADLINE_MS = 45_000;
/** The same for tests that see it end. */
const SHORT_WAIT_MS = 1_000;
const PATIENCE = { deadlineMs: 2 * WAIT_DEADLINE_MS };
/** No session sleeps by itself. */
const roomOnly = { sleepAfter: '1h', spareThreads: 0 } as const;

describe('room for a session that wakes', () => {
  it('is made by the session that has had nothing to do for longest', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 3 });
    const clients = [];
    for (let time = 0; time < 3; time += 1) clients.push(await connectedClient(gateway));
    const [first, second, third] = clients as [RawClient, RawClient, RawClient];
    for (const client of [second, first, third]) await client.call('echo', { text: 'busy' });
    const sleeps = collect(gateway.events, 'session-sleeps');
    await connectedClient(gateway);
    expect(sleeps.map(({ reason }) => reason)).to.deep.equal(['pressure']);
    expect(clients.map((client) => stateOf(gateway, client))).to.deep.equal(['awake', 'asleep', 'awake']);
    await second.call('echo', { text: 'back' });
    expect(clients.map((client) => stateOf(gateway, client))).to.deep.equal(['asleep', 'awake', 'awake']);
  });

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

  it('is refused with a JSON-RPC error after a while, and the session lives on', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const shortened = shortenTimeouts(WAIT_DEADLINE_MS, SHORT_WAIT_MS);
    const slow = worker.call('slow', { ms: 1.8 * SHORT_WAIT_MS }, PATIENCE);
    await once(gateway.events, 'request-started');
    const startedMs = performance.now();
    const refused = await waiter.call('echo', { text: 'refused' }, PATIENCE);
    expect(performance.now() - startedMs).to.be.at.least(SHORT_WAIT_MS - 100);
    expect(shortened.set).to.be.at.least(1);
    expect(refused.error?.code).to.equal(-32000);
    expect(refused.error?.message).to.match(/within 45 s: all 1 are in use/);
    expect(stateOf(gateway, waiter)).to.equal('asleep');
    expect(gateway.snapshot().threadWaiters).to.equal(0);
    await slow;
    expect(textOf(await waiter.call('echo', { text: 'now' }, PATIENCE))).to.equal('now');
  });

  it('is not made any more once the call that woke it is cancelled', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const slow = worker.call('slow', { ms: 700 });
    await once(gateway.events, 'request-started');
    const answer = await cancelledCall(gateway, waiter);
    expect(answer.error?.message).to.match(/^The request was cancelled/);
    expect(stateOf(gateway, waiter)).to.equal('asleep');
    expect(gateway.snapshot().threadWaiters).to.equal(0);
    const sleeps = collect(gateway.events, 'session-sleeps');
    const claims = collect(gateway.events, 'thread-claimed');
    expect(textOf(await slow)).to.equal('waited 700');
    expect(textOf(await worker.call('echo', { text: 'undisturbed' }))).to.equal('undisturbed');
    expect({ sleeps, claims }).to.deep.equal({ sleeps: [], claims: [] });
  });

  it('is made for the next call after one that was cancelled while it waited', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const slow = worker.call('slow', { ms: 700 });
    await once(gateway.events, 'request-started');
    await cancelledCall(gateway, waiter);
    const served = waiter.call('echo', { text: 'served' });
    await once(gateway.events, 'request-started');
    expect(stateOf(gateway, waiter)).to.equal('waking');
    expect(gateway.snapshot().threadWaiters).to.equal(1);
    expect(textOf(await slow)).to.equal('waited 700');
    expect(textOf(await served)).to.equal('served');
  });

  it('is made for what else waits beside a call that is cancelled', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const slow = worker.call('slow', { ms: 700 });
    await once(gateway.events, 'request-started');
    const served = waiter.call('echo', { text: 'served' });
    await once(gateway.events, 'request-started');
    await cancelledCall(gateway, waiter);
    expect(stateOf(gateway, waiter)).to.equal('waking');
    await slow;
    expect(textOf(await served)).to.equal('served');
  });

  it('is made once a cancelled handler has come to its end', async () => {
    const gateway = await startSleepyGateway({
      ...roomOnly,
      maxThreads: 1,
      cancelGrace: '5s',
      sseAfter: '20ms',
    });
    const [worker, waiter] = await workerAndWaiter(gateway);
    const { id } = await worker.openCall('stubborn', { ms: 400 });
    await worker.notify('notifications/cancelled', { requestId: id });
    const answer = await waiter.call('echo', { text: 'served' }, { deadlineMs: WAIT_DEADLINE_MS / 2 });
    expect(textOf(answer)).to.equal('served');
    expect(stateOf(gateway, worker)).to.equal('asleep');
  });

  it('is made once a hold is released, and the holder is not asked until then', async () => {
    const gateway = await startSleepyGateway({ ...roomOnly, maxThreads: 1 });
    const [holder, waiter] = await workerAndWaiter(gateway);
    await holder.call('hold');
    await holder.call('release', { times: 1, inMs: 2_500 });
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

/** Two sessions of which the first has the only thread; the second is asleep. */
async function workerAndWaiter(gateway: Gateway): Promise<[RawClient, RawClient]> {
  const waiter = await connectedClient(gateway);
  await waiter.call('echo', { text: 'first' });
  const worker = await connectedClient(gateway);
  await worker.call('echo', { text: 'second' });
  await asleep(gateway, waiter);
  return [worker, waiter];
}

/** The answer to a call that its client cancels while the session waits for a thread. */
async function cancelledCall(gateway: Gateway, client: RawClient): Promise<JsonRpcMessage> {
  const started = once(gateway.events, 'request-started', ofSession(client));
  const { id, exchange } = client.startCall('echo', { text: 'never served' });
  await started;
  await client.notify('notifications/cancelled', { requestId: id });
  return (await exchange.response).answer(id);
}
