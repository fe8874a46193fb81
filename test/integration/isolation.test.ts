import { expect } from 'chai';
import { neighbourOf } from '../fixtures/isolation/neighbour.js';
import { endSessions } from '../fixtures/isolation/sessions.js';
import { once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { connectedClient, sharedGateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type JsonRpcMessage, type RawClient, textOf } from '../support/raw-client.js';

const CLEAN = { count: 0, global: null, environment: null, prototype: null, mapped: 1 };

describe('two sessions', () => {
  const gateway = sharedGateway({
    sseAfter: '20ms',
    cancelGrace: '100ms',
    bundle: true,
  });
  afterEach('end them', () => endSessions(gateway()));
  const pair = async () => [await connectedClient(gateway()), await connectedClient(gateway())] as const;

  it('get their own answers, also under the same request ids', async () => {
    const [one, other] = await pair();
    const ids = Array.from({ length: 20 }, (_none, index) => `same-${index}`);
    const ask = (client: RawClient) => Promise.all(ids.map((id) => client.call('whoami', {}, { id })));
    const [ones, others] = await Promise.all([ask(one), ask(other)]);
    expect(new Set(ones.map(textOf))).to.deep.equal(new Set([one.sessionId]));
    expect(new Set(others.map(textOf))).to.deep.equal(new Set([other.sessionId]));
  });

  it('cancel their own requests only', async () => {
    const [one, other] = await pair();
    const mine = await one.openCall('slow', { ms: 600 }, { id: 'same' });
    const theirs = await other.openCall('slow', { ms: 600 }, { id: 'same' });
    await other.notify('notifications/cancelled', { requestId: 'same' });
    const byId = (message: JsonRpcMessage) => message.id === 'same';
    expectError(await theirs.stream.message(byId));
    expect(textOf(await mine.stream.message(byId))).to.equal('waited 600');
  });

  it('hear their own notifications only', async () => {
    const [one, other] = await pair();
    const [mine, theirs] = [(await one.get()).stream, (await other.get()).stream];
    await one.call('broadcast', { texts: ['for one'] });
    await other.call('broadcast', { texts: ['for the other'] });
    await mine.message();
    await theirs.message();
    expect(mine.messages.map(({ params }) => params?.data)).to.deep.equal(['for one']);
    expect(theirs.messages.map(({ params }) => params?.data)).to.deep.equal(['for the other']);
  });

  it('cannot answer what the server asked the other', async () => {
    const one = await connectedClient(gateway(), { capabilities: { elicitation: {} } });
    const other = await connectedClient(gateway());
    const { id, stream } = await one.openCall('elicit', { message: 'Whose?' });
    const { id: asked } = await stream.message(({ method }) => method === 'elicitation/create');
    const unmatched = once(gateway().events, 'response-unmatched');
    await other.respond(asked!, { action: 'accept', content: { name: 'the other' } });
    expect((await unmatched).context.sessionId).to.equal(other.sessionId);
    await one.respond(asked!, { action: 'accept', content: { name: 'one' } });
    expect(textOf(await stream.message((message) => message.id === id && !message.method))).to.include(
      '"one"',
    );
  });

  it('do not wait for each other: one is served while the other’s thread spins', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('spin', { ms: 1_000 });
    const answer = await neighbour.servedWhile(stream.message((message) => message.id === id));
    expect(textOf(answer)).to.equal('spun 1000');
  });

  it('do not wait for each other: a catastrophic regular expression is killed when it is cancelled', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = await connectedClient(gateway());
    const { id } = await client.openCall('catastrophe');
    const exited = once(
      gateway().events,
      'thread-exited',
      ({ context }) => context?.sessionId === client.sessionId,
    );
    await client.notify('notifications/cancelled', { requestId: id });
    expect((await neighbour.servedWhile(exited)).cause).to.equal('killed');
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });
});

describe('what a tool changes for all code', () => {
  it('is changed for its own session alone, and not for the gateway', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('globals'),
      spareThreads: 2,
      bundle: true,
    });
    const before = await connectedClient(gateway);
    const vandal = await connectedClient(gateway);
    await vandal.call('pollute').catch(() => undefined);
    const after = await connectedClient(gateway);
    for (const client of [before, after]) {
      expect(JSON.parse(textOf(await client.call('look')))).to.deep.equal(CLEAN);
    }
    expect({}).to.not.have.property('polluted');
    expect(process.env).to.not.have.property('POLLUTED');
  });
});
