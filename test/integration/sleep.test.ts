import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient } from '../support/gateway.js';
import { textOf } from '../support/raw-client.js';
import {
  asleep,
  jsonOf,
  keptBy,
  messageWith,
  ofSession,
  sleepingClient,
  sleepyGateway,
  startSleepyGateway,
  stateOf,
} from '../support/sleep.js';

describe('sleep', () => {
  const shared = sleepyGateway();

  it('takes the thread of a session without work, and the next call gets it a fresh one', async () => {
    const gateway = shared();
    const sleeps = collect(gateway.events, 'session-sleeps');
    const client = await connectedClient(gateway);
    const { threadId } = await keptBy(client, 'nothing');
    await asleep(gateway, client);
    expect(sleeps.map(({ reason }) => reason)).to.deep.equal(['idle']);
    expect(gateway.sessions()).to.have.length(1);
    expect(gateway.sessions()[0]!.thread).to.equal(undefined);
    const woke = once(gateway.events, 'session-woke', ofSession(client));
    expect((await keptBy(client, 'nothing')).threadId).to.not.equal(threadId);
    expect((await woke).wakeMs).to.be.above(0);
  });

  it('leaves session.state, and takes what the module held in memory', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'colour', value: { deep: ['red'] } });
    await asleep(gateway, client);
    expect(await keptBy(client, 'colour')).to.deep.include({ state: { deep: ['red'] }, memory: null });
  });

  it('and a crash and a kill leave the same session.state behind, one after the other', async () => {
    const gateway = await startSleepyGateway({ cancelGrace: '200ms', sseAfter: '20ms' });
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'before', value: 1 });
    await asleep(gateway, client);
    const crashed = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'crash');
    expect((await client.call('crash')).error?.message).to.match(/continues with a fresh thread/);
    await crashed;
    await client.call('keep', { key: 'after the crash', value: 2 });
    const killed = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'killed');
    const { id, stream } = await client.openCall('spin');
    await client.notify('notifications/cancelled', { requestId: id });
    await stream.ended;
    await killed;
    expect((await keptBy(client, 'before')).state).to.equal(1);
    await asleep(gateway, client);
    expect((await keptBy(client, 'after the crash')).state).to.equal(2);
  });

  it('leaves the GET stream open: the next thread and onSleep itself reach it', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    await client.call('on_sleep', { what: 'notify' });
    await messageWith(stream, 'good night');
    await asleep(gateway, client);
    expect(gateway.snapshot().streams.get).to.equal(1);
    await client.call('broadcast', { data: 'good morning' });
    await messageWith(stream, 'good morning');
    expect(gateway.snapshot().streams.get).to.equal(1);
  });

  it('holds up what comes meanwhile, for the next thread and in the same order', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'wait', ms: 400 });
    const { threadId } = await keptBy(client, 'nothing');
    const answers: string[] = [];
    gateway.events.on('request-finished', ({ key }) => answers.push(key));
    const arrivals = collect(gateway.events, 'request-started');
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const first = keptBy(client, 'onSleep ended');
    await once(gateway.events, 'request-started', ofSession(client));
    expect(stateOf(gateway, client)).to.equal('falling_asleep');
    const second = keptBy(client, 'onSleep ended');
    const kept = await Promise.all([first, second]);
    expect(kept.map(({ state }) => state)).to.deep.equal([1, 1]);
    expect(kept[0]!.threadId).to.equal(kept[1]!.threadId).and.not.equal(threadId);
    expect(answers).to.deep.equal(arrivals.map(({ key }) => key));
  });

  it('comes back for a session again and again, and takes nothing from others', async () => {
    const gateway = shared();
    const [client, other] = [await connectedClient(gateway), await connectedClient(gateway)];
    const { stream } = await other!.get();
    for (let time = 1; time <= 3; time += 1) {
      await client!.call('keep', { key: 'time', value: time });
      await other!.call('broadcast', { data: `time ${time}` });
      await messageWith(stream, `time ${time}`);
      await Promise.all([asleep(gateway, client!), asleep(gateway, other!)]);
    }
    expect((await keptBy(client!, 'time')).state).to.equal(3);
    expect((await keptBy(other!, 'time')).state).to.equal(null);
  });
});

describe('onSleep', () => {
  const shared = sleepyGateway();
  const impatient = sleepyGateway({ cancelGrace: '1s' });

  it('runs with a session.signal that is not aborted, and what it stores is kept', async () => {
    const gateway = shared();
    const client = await sleepingClient(gateway);
    expect((await keptBy(client, 'aborted in onSleep')).state).to.equal(false);
    expect((await keptBy(client, 'onSleep ended')).state).to.equal(1);
  });

  it('may ask the client something, and is told the answer', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    await client.call('on_sleep', { what: 'ask' });
    const wakes = collect(gateway.events, 'session-woke');
    const ping = await stream.message(({ method }) => method === 'ping', 'the ping');
    expect(stateOf(gateway, client)).to.equal('falling_asleep');
    await client.respond(ping.id as number, {});
    await asleep(gateway, client);
    expect(wakes, 'an answer to a thread that is gone needs no other').to.deep.equal([]);
    expect((await keptBy(client, 'answered in onSleep')).state).to.deep.equal({});
  });

  for (const [what, happens, cause, line] of [
    ['throw', 'throws', 'slept', /onSleep failed: no rest for the wicked/],
    ['hang', 'never ends', 'slept', /onSleep took longer than cancel-grace/],
    ['exit', 'ends the thread', 'exit', undefined],
  ] as const) {
    it(`that ${happens} costs the session its thread and nothing more`, async () => {
      const gateway = impatient();
      const lines = collect(gateway.events, 'module-log');
      const [client, other] = [await connectedClient(gateway), await connectedClient(gateway)];
      await client!.call('on_sleep', { what });
      await other!.call('hold');
      await other!.call('keep', { key: 'mine', value: true });
      await client!.call('keep', { key: 'kept', value: 'all the same' });
      const exited = once(gateway.events, 'thread-exited', ofSession(client!));
      expect((await exited).cause).to.equal(cause);
      expect((await keptBy(client!, 'kept')).state).to.equal('all the same');
      expect((await keptBy(other!, 'mine')).memory).to.equal(true);
      const own = lines.filter((event) => ofSession(client!)(event)).map(({ message }) => message);
      if (line === undefined) expect(own).to.deep.equal([]);
      else expect(own.join('\n')).to.match(line);
    });
  }

  it('that fails each time does not end the session, however often', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'exit' });
    for (let time = 0; time < 5; time += 1) {
      await asleep(gateway, client);
      expect(textOf(await client.call('echo', { text: 'here' }))).to.equal('here');
    }
  });
});

describe('a woken session', () => {
  it('whose setup fails answers with the error, and sleeps on', async () => {
    const gateway = await startSleepyGateway({ metadata: () => ({ failsAgain: true }) });
    const client = await connectedClient(gateway);
    await asleep(gateway, client);
    const failed = await client.call('echo', { text: 'hello' });
    expect(failed.error?.message).to.match(/the second setup fails/);
    expect(failed.error?.data).to.include({ reason: 'thread_start_failed' });
    expect(stateOf(gateway, client)).to.equal('asleep');
    expect(jsonOf(await (await connectedClient(gateway)).call('notified'))).to.deep.equal([]);
  });
});
