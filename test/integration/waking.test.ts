import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway, rawClient } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { LATEST_PROTOCOL_VERSION, type RawClient, textOf } from '../support/raw-client.js';
import {
  asleep,
  jsonOf,
  keptBy,
  messageWith,
  ofSession,
  sleepyGateway,
  startSleepyGateway,
  stateOf,
} from '../support/sleep.js';

const INVITATION = 'memo://invitation';
const CAPABILITIES = { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } };

/** Two ways to lose a thread. */
const LOSSES: readonly [string, (gateway: Gateway, client: RawClient) => Promise<void>][] = [
  ['sleep', asleep],
  [
    'a crash',
    async (gateway, client) => {
      const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'crash');
      await client.call('crash');
      await exited;
    },
  ],
];

for (const [loss, lose] of LOSSES) {
  describe(`a fresh thread after ${loss}`, () => {
    const shared = sleepyGateway();

    it('knows what the client said of itself', async () => {
      const gateway = shared();
      const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
      const before = jsonOf(await client.call('client'));
      expect(before).to.deep.equal({
        capabilities: CAPABILITIES,
        version: { name: 'raw-client', version: '1.0.0' },
        oninitialized: { times: 1, capabilities: CAPABILITIES },
      });
      await lose(gateway, client);
      expect(jsonOf(await client.call('client'))).to.deep.equal(before);
    });

    it('knows the log level', async () => {
      const gateway = shared();
      const client = await connectedClient(gateway);
      const { stream } = await client.get();
      for (const level of ['error', 'warning']) await client.ask('logging/setLevel', { level });
      await lose(gateway, client);
      for (const level of ['info', 'notice', 'warning']) await client.call('log', { level });
      await messageWith(stream, 'warning');
      const levels = stream.messages.map(({ params }) => params?.level);
      expect(levels).to.deep.equal(['warning']);
    });

    it('knows the subscriptions that were made and not taken back', async () => {
      const gateway = shared();
      const client = await connectedClient(gateway);
      for (const uri of [INVITATION, 'memo://a', 'memo://b', 'memo://a', 'memo://secret'])
        await client.ask('resources/subscribe', { uri });
      await client.ask('resources/unsubscribe', { uri: 'memo://b' });
      await lose(gateway, client);
      const uris = jsonOf(await client.call('subscriptions')) as string[];
      expect([...uris].sort()).to.deep.equal(['memo://a', INVITATION]);
    });

    it('tells the client nothing a second time, and leaves it all ids', async () => {
      const gateway = shared();
      const client = await connectedClient(gateway);
      const { stream } = await client.get();
      await client.ask('logging/setLevel', { level: 'info' }, { id: 'level' });
      await client.ask('resources/subscribe', { uri: INVITATION }, { id: 'subscription' });
      await lose(gateway, client);
      const finished = collect(gateway.events, 'request-finished');
      for (const id of [1, 'level', 'subscription']) {
        const answer = await client.call('echo', { text: `as ${id}` }, { id });
        expect(answer.id).to.equal(id);
        expect(textOf(answer)).to.equal(`as ${id}`);
      }
      await client.call('broadcast', { data: 'the end' });
      await messageWith(stream, 'the end');
      expect(stream.messages.filter(({ method }) => method !== 'notifications/message')).to.deep.equal([]);
      expect(finished.map(({ method }) => method)).to.deep.equal(Array(4).fill('tools/call'));
    });
  });
}

describe('a fresh thread', () => {
  const shared = sleepyGateway();

  it('has been introduced to the client before it is told anything else', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
    await asleep(gateway, client);
    await client.notify('notifications/roots/list_changed');
    expect(jsonOf(await client.call('notified'))).to.deep.equal([
      { method: 'notifications/roots/list_changed', capabilities: CAPABILITIES },
    ]);
  });

  it('asks the client with ids that no earlier thread has used', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
    const { stream } = await client.get();
    const ids = [];
    for (let time = 0; time < 3; time += 1) {
      await client.call('ask_later', { what: 'elicit' });
      const { id } = await stream.message(({ method }) => method === 'elicitation/create', 'the question');
      await client.respond(id as number, { action: 'decline' });
      ids.push(id);
      await asleep(gateway, client);
    }
    expect(new Set(ids).size).to.equal(3);
  });

  it('keeps the order of the messages that woke it', async () => {
    const gateway = await startSleepyGateway({ metadata: () => ({ setupMs: 200 }) });
    const client = await connectedClient(gateway);
    await asleep(gateway, client);
    const finished = collect(gateway.events, 'request-finished');
    const started = collect(gateway.events, 'request-started');
    const calls = Array.from({ length: 10 }, (_none, number) => client.call('echo', { text: `${number}` }));
    await Promise.all(calls);
    expect(finished.map(({ key }) => key)).to.deep.equal(started.map(({ key }) => key));
  });

  it('is not claimed for what needs none: ping, word of a request that is over, a late answer', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    await client.call('echo', { text: 'here' });
    await asleep(gateway, client);
    const claims = collect(gateway.events, 'thread-claimed');
    expect(await client.ask('ping', undefined, { id: 'p' })).to.deep.equal({
      jsonrpc: '2.0',
      id: 'p',
      result: {},
    });
    await client.notify('notifications/cancelled', { requestId: 'p' });
    await client.notify('notifications/progress', { progressToken: 1, progress: 1 });
    await client.notify('notifications/initialized');
    const unmatched = once(gateway.events, 'response-unmatched');
    await client.respond(0, {});
    await unmatched;
    expect(claims).to.deep.equal([]);
    expect(stateOf(gateway, client)).to.equal('asleep');
    expect(stream.messages).to.deep.equal([]);
  });

  it('is not claimed for a ping that comes while the session falls asleep, which is answered at once', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('on_sleep', { what: 'wait', ms: 1_000 });
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const claims = collect(gateway.events, 'thread-claimed');
    await client.ask('ping');
    await client.notify('notifications/progress', { progressToken: 1, progress: 1 });
    expect(stateOf(gateway, client)).to.equal('falling_asleep');
    await asleep(gateway, client);
    expect(claims).to.deep.equal([]);
  });

  it('hears once that the client is ready, also where it said so before there was a thread', async () => {
    const gateway = await startSleepyGateway({ serverModule: fixtureModule('sleepy-static') });
    const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
    for (let time = 0; time < 2; time += 1) {
      const { oninitialized } = jsonOf(await client.call('client')) as Record<string, unknown>;
      expect(oninitialized).to.deep.equal({ times: 1, capabilities: CAPABILITIES });
      await asleep(gateway, client);
    }
  });

  it('is set up for the session though its client leaves the call that woke it', async () => {
    const gateway = await startSleepyGateway({ metadata: () => ({ setupMs: 300 }) });
    const client = await connectedClient(gateway);
    await asleep(gateway, client);
    const started = once(gateway.events, 'request-started');
    const finished = once(gateway.events, 'request-finished');
    const { exchange } = client.startCall('echo', { text: 'never read' });
    await started;
    exchange.destroy();
    expect((await finished).failure).to.equal('cancelled');
    expect((await keptBy(client, 'nothing')).threadId).to.be.a('number');
  });

  it('takes on a resumed stream where the sleeping session left it', async () => {
    const gateway = shared();
    const client = rawClient(gateway);
    await client.initialize(LATEST_PROTOCOL_VERSION);
    const first = (await client.get()).stream;
    await client.call('broadcast', { data: 'one' });
    await messageWith(first, 'one');
    const { lastEventId } = first;
    await asleep(gateway, client);
    first.destroy();
    await first.ended;
    const woke = once(gateway.events, 'session-woke', ofSession(client));
    await client.call('broadcast', { data: 'two' });
    await woke;
    const { stream } = await client.get({}, lastEventId);
    await messageWith(stream, 'two');
    // The gateway's own ping shows a client that the reopened stream works.
    const ofServer = stream.messages.filter(({ method }) => method !== 'ping');
    expect(ofServer).to.have.length(1);
  });
});
