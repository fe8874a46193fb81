/** Subscriptions to resources: the one reason for which a worker stays that nothing is asked of (2026-07-28, Subscriptions). */
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { once } from '../support/events.js';
import { type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { listen, textOfCall } from '../support/listener.js';
import { fixtureModule } from '../support/modules.js';

const serverModule = fixtureModule('announcing');
const TOKEN = 'a-token-of-at-least-16-characters';
const AUTHORIZED = { headers: { authorization: `Bearer ${TOKEN}` } };

/** Compartments whose threads stay. */
const awake = (gateway: Gateway): number => gateway.snapshot().sessions.awake;

describe('A client that listens to resources', () => {
  it('is told of those that it asked for, and of a part of them, by one worker for all who listen', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request', spareThreads: 0 });
    const client = rawClient(gateway);
    await textOfCall(client, 'whoami');
    const serving = awake(gateway);
    const one = await listen(client, { resourceSubscriptions: ['note:1', 'refused:2'] });
    expect(one.acknowledgement.params?.notifications).to.deep.equal({ resourceSubscriptions: ['note:1'] });
    const two = await listen(client, { resourceSubscriptions: ['note:1'] });
    await Promise.all([one.next('resources/updated'), two.next('resources/updated')]);
    expect(new Set([...one.told, ...two.told])).to.deep.equal(new Set(['resources/updated note:1']));
    expect(awake(gateway)).to.equal(serving + 1);
    await textOfCall(client, 'update', { uri: 'note:1/part' });
    await two.stream.message(({ params }) => params?.uri === 'note:1/part' || params?.uri === 'note:1');
  });

  it('keeps that worker for as long as it listens, and no longer', async () => {
    const gateway = await startGateway({
      serverModule,
      affinity: 'request',
      spareThreads: 0,
      sleepAfter: '50ms',
    });
    const client = rawClient(gateway);
    const { stream, next } = await listen(client, { resourceSubscriptions: ['note:1'] });
    await until(() => awake(gateway) === 1, 'the compartment that was asked what it declares to sleep');
    // Several times longer than after which a session sleeps.
    for (let update = 0; update < 5; update += 1) await next('resources/updated');
    expect(awake(gateway)).to.equal(1);
    stream.destroy();
    await until(() => gateway.snapshot().threads.claimed === 0, 'the worker to be gone');
  });

  it('is told by the compartment of its principal, which sleeps when nobody listens any more', async () => {
    const gateway = await startGateway({
      serverModule,
      affinity: 'principal',
      token: TOKEN,
      sleepAfter: '50ms',
    });
    const client = rawClient(gateway, AUTHORIZED);
    const whoami = await textOfCall(client, 'whoami');
    const { stream, next } = await listen(client, { resourceSubscriptions: ['note:1', 'silent:1'] });
    await next('resources/updated');
    await textOfCall(client, 'update', { uri: 'silent:1' });
    await stream.message(({ params }) => params?.uri === 'silent:1', 'the update that the call has sent');
    expect(await textOfCall(client, 'whoami')).to.equal(whoami);
    expect(await textOfCall(client, 'subscribed')).to.equal('note:1');
    const slept = once(gateway.events, 'session-sleeps');
    stream.destroy();
    await slept;
    expect(await textOfCall(client, 'subscribed')).to.equal('');
  });

  it('is told that they may have changed when the worker that watches them has died', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'principal', token: TOKEN });
    const client = rawClient(gateway, AUTHORIZED);
    const { stream } = await listen(client, { resourceSubscriptions: ['silent:1'] });
    await textOfCall(client, 'die');
    await stream.message(({ params }) => params?.uri === 'silent:1', 'the news after the death');
    expect(awake(gateway)).to.equal(1);
  });

  it('is not acknowledged them where as many workers stay as may', async () => {
    const gateway = await startGateway({
      serverModule,
      affinity: 'request',
      spareThreads: 0,
      // A quarter of them may stay.
      maxThreads: 4,
      metadata: ({ headers }) => ({ user: headers['x-user'] }),
    });
    const [ann, bob] = ['ann', 'bob'].map((user) => rawClient(gateway, { headers: { 'x-user': user } }));
    const wanted = { toolsListChanged: true, resourceSubscriptions: ['note:1'] };
    const first = await listen(ann!, wanted);
    expect(first.acknowledgement.params?.notifications).to.deep.equal(wanted);
    expect(gateway.snapshot().sessionsKept).to.equal(1);
    const refused = await listen(bob!, wanted);
    expect(refused.acknowledgement.params?.notifications).to.deep.equal({ toolsListChanged: true });
    first.stream.destroy();
    await until(() => gateway.snapshot().sessionsKept === 0, 'the worker to be let go');
    const second = await listen(bob!, wanted);
    expect(second.acknowledgement.params?.notifications).to.deep.equal(wanted);
  });

  it('is not acknowledged what its server does not declare', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('light'), affinity: 'request' });
    const { acknowledgement } = await listen(rawClient(gateway), {
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['note:1'],
    });
    expect(acknowledgement.params?.notifications).to.deep.equal({ toolsListChanged: true });
    expect(awake(gateway)).to.equal(0);
  });
});
