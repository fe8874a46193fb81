import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { expectError, expectKilledByGrace, expectRejection } from '../support/expectations.js';
import { connectedClient, type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { initializeRequest, textOf } from '../support/raw-client.js';

const CLOSE_DEADLINE_MS = 30_000;

describe('a gateway that drains', () => {
  it('lets requests in flight finish, and answers them', async () => {
    const gateway = await startGateway({ sseAfter: '20ms' });
    const client = await connectedClient(gateway);
    const { id, stream } = await client.openCall('slow', { ms: 500 });
    const closed = close(gateway);
    expect(textOf(await stream.message((message) => message.id === id))).to.equal('waited 500');
    expect(await stream.ended).to.equal('end');
    await closed;
  });

  it('answers no new session: 503 with Retry-After', async () => {
    const { gateway, finish } = await draining();
    const response = await rawClient(gateway).post(initializeRequest(1));
    await expectRejection(response, 503);
    expect(Number(response.headers['retry-after'])).to.be.at.least(1);
    await finish();
  });

  it('answers what a live session asks now with an error, and not with silence', async () => {
    const { client, finish } = await draining();
    const answer = await client.call('echo', { text: 'too late' });
    expectError(answer);
    expect(answer.error?.data).to.include({ reason: 'draining' });
    await finish();
  });

  it('fails /readyz, and stays alive for /healthz and /metrics', async () => {
    const { gateway, finish } = await draining();
    const ready = await fetch(new URL('/readyz', gateway.adminUrl), { headers: { connection: 'close' } });
    expect(ready.status).to.equal(503);
    expect(await ready.json())
      .to.have.property('reason')
      .that.matches(/shutting down/);
    for (const path of ['/healthz', '/metrics']) {
      const response = await fetch(new URL(path, gateway.adminUrl), { headers: { connection: 'close' } });
      expect(response.status, path).to.equal(200);
      await response.text();
    }
    await finish();
  });

  it('ends GET streams properly, and its sessions with the reason drain', async () => {
    const gateway = await startGateway();
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    const ended = collect(gateway.events, 'session-ended');
    await close(gateway);
    expect(await stream.ended).to.equal('end');
    expect(ended.map(({ context, reason }) => [context.sessionId, reason])).to.deep.equal([
      [client.sessionId, 'drain'],
    ]);
  });

  it('answers what is not finished after drain-timeout with an error', async () => {
    const gateway = await startGateway({ sseAfter: '20ms', drainTimeout: '200ms', cancelGrace: '100ms' });
    const client = await connectedClient(gateway);
    const { id, stream } = await client.openCall('slow', { ms: 60_000 });
    const closed = close(gateway);
    const answer = await stream.message((message) => message.id === id);
    expectError(answer);
    expect(answer.error?.data).to.include({ reason: 'cancelled' });
    expect(await stream.ended).to.equal('end');
    await closed;
  });

  it('kills a thread that spins after drain-timeout and cancel-grace', async () => {
    const options = { sseAfter: '20ms', drainTimeout: '200ms', cancelGrace: '300ms', spareThreads: 1 };
    const gateway = await startGateway(options);
    const client = await connectedClient(gateway);
    const { id, stream } = await client.openCall('spin');
    const exits = collect(gateway.events, 'thread-exited');
    await close(gateway);
    expectError(await stream.message((message) => message.id === id));
    const own = exits.filter(({ context }) => context?.sessionId === client.sessionId);
    expect(own.map(({ cause }) => cause)).to.deep.equal(['killed']);
    expectKilledByGrace(own[0]?.killMs, 300);
    expect(gateway.snapshot().threads).to.deep.equal({
      starting: 0,
      spare: 0,
      claimed: 0,
      ending: 0,
      terminating: 0,
      stuck: 0,
    });
  });

  it('answers a session that still waits for a thread', async () => {
    const gateway = await startGateway({ maxThreads: 1, spareThreads: 0, drainTimeout: '200ms' });
    // It has work: an idle session would be ended to make room.
    await (await connectedClient(gateway)).openCall('slow', { ms: 60_000 });
    const started = once(gateway.events, 'session-started');
    const waiting = rawClient(gateway).exchange('POST', JSON.stringify(initializeRequest(1)));
    await started;
    const closed = close(gateway);
    const response = await withDeadline(waiting.response, 'the answer to initialize');
    expectError(await response.answer(1));
    await closed;
  });

  it('drains once, however often it is asked', async () => {
    const gateway = await startGateway();
    await connectedClient(gateway);
    await Promise.all([close(gateway), close(gateway)]);
    await close(gateway);
  });
});

/** A gateway that is draining and waits for one call, which `finish` ends. */
async function draining() {
  const gateway = await startGateway({ sseAfter: '20ms', drainTimeout: '30s' });
  const client = await connectedClient(gateway);
  const { id } = await client.openCall('slow', { ms: 60_000 });
  const closed = close(gateway);
  return {
    gateway,
    client,
    finish: async () => {
      await client.notify('notifications/cancelled', { requestId: id });
      await closed;
    },
  };
}

function close(gateway: Gateway): Promise<void> {
  return withDeadline(gateway.close(), 'gateway.close()', CLOSE_DEADLINE_MS);
}
