import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway, rawClient } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { toolCall } from '../support/raw-client.js';
import {
  asleep,
  ofSession,
  sleepingClient,
  sleepyGateway,
  startSleepyGateway,
  stateOf,
} from '../support/sleep.js';

const OFTEN = 30;
const OFTEN_DEADLINE_MS = 90_000;
const light = fixtureModule('light');
const SLOW_SETUP = { metadata: () => ({ setupMs: 400 }) };

describe('the end of a session that is asleep', () => {
  const shared = sleepyGateway();

  it('comes with DELETE', async () => {
    const gateway = shared();
    const client = await sleepingClient(gateway);
    const ended = once(gateway.events, 'session-ended', ofSession(client));
    expect((await client.delete()).status).to.equal(200);
    expect((await ended).reason).to.equal('delete');
    expectNobody(gateway);
    expect((await client.post(toolCall(9, 'echo', { text: 'late' }))).status).to.equal(404);
  });

  it('comes with its client’s disconnect, after disconnect-grace', async () => {
    const gateway = await startSleepyGateway({ disconnectGrace: '100ms' });
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    await asleep(gateway, client);
    const ended = once(gateway.events, 'session-ended', ofSession(client));
    stream.destroy();
    expect((await ended).reason).to.equal('disconnect');
    expectNobody(gateway);
  });

  it('comes with the legacy stream’s end', async () => {
    const gateway = shared();
    const client = await LegacyClient.connect(gateway);
    await asleep(gateway, client);
    await client.call('1', 'echo', { text: 'awake' });
    await asleep(gateway, client);
    const ended = once(gateway.events, 'session-ended', ofSession(client));
    client.stream.destroy();
    expect((await ended).reason).to.equal('stream_closed');
    expectNobody(gateway);
  });

  it('comes with the gateway’s, which it does not hold up', async () => {
    const gateway = await startSleepyGateway();
    const client = await sleepingClient(gateway);
    const ended = once(gateway.events, 'session-ended', ofSession(client));
    const claims = collect(gateway.events, 'thread-claimed');
    await withDeadline(gateway.close(), 'the drain');
    expect((await ended).reason).to.equal('drain');
    expect(claims).to.deep.equal([]);
  });
});

describe('the end of a session that is falling asleep', () => {
  it('lets onSleep come to its end, within cancel-grace', async () => {
    const gateway = await startSleepyGateway({ cancelGrace: '5s' });
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'notify', ms: 300 });
    const { stream } = await client.get();
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const figures = collect(gateway.events, 'thread-metrics');
    const exited = once(gateway.events, 'thread-exited', ofSession(client));
    expect(await gateway.endSession(client.sessionId!)).to.equal(true);
    expect(await exited).to.include({ cause: 'ended', requestsLost: 0 });
    await stream.ended;
    expect(JSON.stringify(figures.at(-1)?.metrics)).to.match(/sleepy_wakes_total.*"value":1\b/);
    expectNobody(gateway);
  });

  it('does not wait longer than cancel-grace for an onSleep that never ends', async () => {
    const gateway = await startSleepyGateway({ cancelGrace: '300ms' });
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'hang' });
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const exited = once(gateway.events, 'thread-exited', ofSession(client));
    await withDeadline(gateway.endSession(client.sessionId!), 'the end of the session');
    await exited;
    expectNobody(gateway);
  });

  it('answers what waited for the next thread, and claims none', async () => {
    const gateway = await startSleepyGateway();
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'wait', ms: 1_000 });
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const claims = collect(gateway.events, 'thread-claimed');
    const started = once(gateway.events, 'request-started');
    const waiting = client.call('echo', { text: 'too late' });
    await started;
    await gateway.endSession(client.sessionId!);
    expect((await waiting).error?.message).to.match(/the session ends/);
    expect(claims).to.deep.equal([]);
    expectNobody(gateway);
  });

  it('comes with the gateway’s, which waits for onSleep', async () => {
    const gateway = await startSleepyGateway();
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'wait', ms: 200 });
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const exited = once(gateway.events, 'thread-exited', ofSession(client));
    await withDeadline(gateway.close(), 'the drain');
    expect((await exited).requestsLost).to.equal(0);
  });
});

describe('the end of a session that wakes', () => {
  it('while it waits in the queue leaves the queue', async () => {
    const gateway = await startSleepyGateway({ maxThreads: 1, spareThreads: 0 });
    const client = await sleepingClient(gateway);
    const holder = await connectedClient(gateway);
    await holder.call('hold');
    const started = once(gateway.events, 'request-started', ofSession(client));
    const waiting = client.call('echo', { text: 'never' });
    await started;
    expect(gateway.snapshot().threadWaiters).to.equal(1);
    await client.delete();
    expect((await waiting).error?.message).to.match(/the session ends/);
    expect(gateway.snapshot().threadWaiters).to.equal(0);
  });

  it('while setup runs takes the thread along, and the session never wakes', async () => {
    const gateway = await startSleepyGateway(SLOW_SETUP);
    const client = await connectedClient(gateway);
    await asleep(gateway, client);
    const claimed = once(gateway.events, 'thread-claimed');
    const wakes = collect(gateway.events, 'session-woke');
    const waiting = client.call('echo', { text: 'never' });
    await claimed;
    expect(stateOf(gateway, client)).to.equal('waking');
    const exited = once(gateway.events, 'thread-exited', ofSession(client));
    await gateway.endSession(client.sessionId!);
    expect((await exited).cause).to.equal('ended');
    expect((await waiting).error?.message).to.match(/the session ends/);
    expect(wakes).to.deep.equal([]);
    expectNobody(gateway);
  });

  it('by a drain comes once it has been served', async () => {
    const gateway = await startSleepyGateway(SLOW_SETUP);
    const client = await connectedClient(gateway);
    await asleep(gateway, client);
    const claimed = once(gateway.events, 'thread-claimed');
    const served = client.call('echo', { text: 'served' });
    await claimed;
    await Promise.all([withDeadline(gateway.close(), 'the drain'), served]);
    expect((await served).result).to.not.equal(undefined);
  });
});

describe('many sleeps and wakes', () => {
  it('leave no thread and no port, and counters that only grow', async () => {
    const gateway = await startSleepyGateway({ serverModule: light, sleepAfter: '1ms' });
    const exits = collect(gateway.events, 'thread-exited');
    const client = await connectedClient(gateway);
    let total = 0;
    for (let time = 1; time <= OFTEN; time += 1) {
      const woke = once(gateway.events, 'session-woke', ofSession(client));
      await client.call('thread');
      await woke;
      await asleep(gateway, client);
      if (time % 10 !== 0) continue;
      const now = await sleepsOf(gateway);
      expect(now).to.be.at.least(total);
      total = now;
    }
    expect(total, 'the module counts each of its sleeps').to.equal(OFTEN);
    expect(exits.filter(({ cause }) => cause !== 'slept' && cause !== 'ended')).to.deep.equal([]);
    const { threads, sessions } = gateway.snapshot();
    expect(threads).to.include({ claimed: 0, ending: 0, terminating: 0 });
    expect(sessions).to.deep.equal({ asleep: 1, waking: 0, awake: 0, falling_asleep: 0, ending: 0 });
  }).timeout(OFTEN_DEADLINE_MS);

  it('of many sessions that were born asleep leave none behind when they end', async () => {
    const gateway = await startSleepyGateway({
      serverModule: light,
      sleepAfter: '20ms',
      maxThreads: 4,
    });
    const clients = await Promise.all(Array.from({ length: 12 }, () => connectedClient(gateway)));
    for (let wave = 0; wave < 2; wave += 1)
      await Promise.all(clients.map((client) => client.call('thread', {}, { deadlineMs: 20_000 })));
    await Promise.all(clients.map(({ sessionId }) => gateway.endSession(sessionId!)));
    expectNobody(gateway);
  }).timeout(OFTEN_DEADLINE_MS);
});

function expectNobody(gateway: Gateway): void {
  expect(gateway.sessions()).to.deep.equal([]);
  expect(gateway.snapshot().threads).to.include({ claimed: 0, ending: 0, terminating: 0 });
}

async function sleepsOf(gateway: Gateway): Promise<number> {
  const response = await rawClient(gateway).send(
    'GET',
    undefined,
    { accept: 'text/plain' },
    new URL('/metrics', gateway.adminUrl),
  );
  return Number(/^light_sleeps_total (\d+)$/m.exec(await response.text())?.[1] ?? 0);
}
