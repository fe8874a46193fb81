import { expect } from 'chai';
import { collect, type EventPayload, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { type JsonRpcMessage, type RawClient, type RequestId, textOf } from '../support/raw-client.js';

const FOR_LONG_MS = 60_000;
const CANCEL_GRACE_MS = 300;

describe('The client cancels a request: what it is answered', () => {
  const patient = sharedGateway({ sseAfter: '1m', cancelGrace: CANCEL_GRACE_MS });
  const hasty = sharedGateway({ sseAfter: '20ms', cancelGrace: CANCEL_GRACE_MS });

  it('answers a call that is JSON with an error response for its id', async () => {
    const client = await connectedClient(patient());
    const { id, exchange } = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS });
    await cancel(client, id, 'the user pressed Escape');
    const response = await exchange.response;
    expect(response.headers['content-type']).to.match(/^application\/json/);
    expectCancelled(await response.json(), id, 'the user pressed Escape');
  });

  it('answers a call that is a stream with an error response for its id, and ends the stream', async () => {
    const client = await connectedClient(hasty());
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    await cancel(client, id, 'enough');
    expect(await stream.ended).to.equal('end');
    expect(stream.messages).to.have.length(1);
    expectCancelled(stream.messages[0]!, id, 'enough');
  });

  it('cancels a call that comes behind its cancel, which took another connection', async () => {
    const client = await connectedClient(patient());
    await cancel(client, 'early', 'changed my mind');
    const cancelled = once(patient().events, 'request-cancelled');
    const { exchange } = client.startCall('slow', { ms: FOR_LONG_MS }, { id: 'early' });
    expectCancelled(await (await exchange.response).json(), 'early', 'changed my mind');
    expect((await cancelled).reason).to.equal('client');
  });

  for (const id of [0, -1, 'a string', '7', '']) {
    it(`cancels the request id ${JSON.stringify(id)}`, async () => {
      const client = await connectedClient(patient());
      const { exchange } = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS }, id);
      await cancel(client, id);
      expectCancelled(await (await exchange.response).json(), id);
    });
  }

  it('tells the ids 7 and "7" apart', async () => {
    const client = await connectedClient(patient());
    const number = await startedCall(patient(), client, 'slow', { ms: 400 }, 7);
    const text = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS }, '7');
    await cancel(client, '7');
    expectCancelled(await (await text.exchange.response).json(), '7');
    expect(textOf(await (await number.exchange.response).json())).to.equal('waited 400');
  });

  it('takes a cancellation without a reason, and one whose reason is no text', async () => {
    const client = await connectedClient(patient());
    for (const reason of [undefined, 42, { why: 'not' }]) {
      const { id, exchange } = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS });
      await client.notify('notifications/cancelled', {
        requestId: id,
        ...(reason !== undefined && { reason }),
      });
      expectCancelled(await (await exchange.response).json(), id);
    }
  });

  it('takes no harm from a cancellation of an unknown id, of a finished request, and of none', async () => {
    const client = await connectedClient(patient());
    const cancelled = collect(patient().events, 'request-cancelled');
    const id = client.nextId();
    await client.call('echo', { text: 'done' }, { id });
    for (const params of [{ requestId: 'unknown' }, { requestId: id }, { requestId: null }, {}]) {
      await client.notify('notifications/cancelled', params);
    }
    await client.notify('notifications/cancelled');
    expect(textOf(await client.call('echo', { text: 'still here' }))).to.equal('still here');
    expect(cancelled).to.deep.equal([]);
  });

  it("cannot cancel another session's request, whatever its id", async () => {
    const owner = await connectedClient(patient());
    const stranger = await connectedClient(patient());
    const { id, exchange } = await startedCall(patient(), owner, 'slow', { ms: 300 }, 'shared-id');
    await cancel(stranger, id);
    expect(textOf(await (await exchange.response).json())).to.equal('waited 300');
  });

  it('gives exactly one response to each of many calls whose cancellations cross their answers', async () => {
    const client = await connectedClient(patient());
    const calls = Array.from({ length: 40 }, (_, index) => client.startCall('slow', { ms: index % 8 }));
    const cancellations = calls.map(({ id }) => cancel(client, id));
    for (const { id, exchange } of calls) {
      const answer = await (await exchange.response).json();
      expect(answer.id).to.equal(id);
      if (answer.error) expectCancelled(answer, id);
      else expect(textOf(answer)).to.match(/^waited/);
    }
    await Promise.all(cancellations);
    expect(patient().snapshot().requestsInFlight).to.equal(0);
    expect(textOf(await client.call('echo', { text: 'and on' }))).to.equal('and on');
  });
});

describe('The client cancels a request: what becomes of its handler and its thread', () => {
  const gateway = sharedGateway({ sseAfter: '1m', cancelGrace: CANCEL_GRACE_MS });

  it('keeps the thread of a handler that heeds its signal, also past cancel-grace', async () => {
    const client = await connectedClient(gateway());
    const before = await threadIdOf(client);
    const { id, exchange } = await startedCall(gateway(), client, 'slow', { ms: FOR_LONG_MS });
    await cancel(client, id);
    await exchange.response;
    // Longer than the grace: a thread that had to be killed would be gone by then.
    expect(textOf(await client.call('slow', { ms: 2 * CANCEL_GRACE_MS }))).to.match(/^waited/);
    expect(await threadIdOf(client)).to.equal(before);
  });

  it('kills the thread of a handler that ignores its signal, after cancel-grace, when nothing else runs', async () => {
    const client = await connectedClient(gateway());
    const { id } = await startedCall(gateway(), client, 'stubborn', { ms: FOR_LONG_MS });
    const exit = threadExit(gateway(), client);
    await cancel(client, id);
    expectKilled(await exit, 0);
  });

  it('kills a spinning thread after cancel-grace although another request waits for it, which the next thread serves', async () => {
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'kept', value: 1 });
    const { id, exchange: spinning } = await startedCall(gateway(), client, 'spin');
    const { id: otherId, exchange: other } = await startedCall(gateway(), client, 'slow', { ms: 10 });
    const exit = threadExit(gateway(), client);
    await cancel(client, id);
    expectCancelled(await (await spinning.response).json(), id);
    // The thread had not read it when it died.
    expectKilled(await exit, 0);
    const answer = await (await other.response).json();
    expect(answer.id).to.equal(otherId);
    expect(textOf(answer)).to.equal('waited 10');

    // The session continues: in a new thread that has received `initialize` and the state.
    expect(JSON.parse(textOf(await client.call('state_get', { key: 'kept' })))).to.include({ value: 1 });
    const { context } = JSON.parse(textOf(await client.call('context'))) as {
      context: { sessionId: string };
    };
    expect(context.sessionId).to.equal(client.sessionId);
  });

  it('kills the thread when a second request starts to spin after the first was cancelled', async () => {
    const client = await connectedClient(gateway());
    const { id } = await startedCall(gateway(), client, 'stubborn', { ms: FOR_LONG_MS });
    await cancel(client, id);
    const { exchange } = await startedCall(gateway(), client, 'spin');
    const exit = await threadExit(gateway(), client);
    expect(exit.cause).to.equal('killed');
    expect((await (await exchange.response).json()).error?.data).to.include({ reason: 'thread_killed' });
  });

  it('counts each kill from its own cancellation, not from an earlier one that was heeded', async () => {
    const client = await connectedClient(gateway());
    const other = client.call('slow', { ms: FOR_LONG_MS });
    const heeded = await startedCall(gateway(), client, 'late_abort');
    await cancel(client, heeded.id);
    const heededMs = performance.now();
    await client.call('slow', { ms: 1_200 });
    const { id } = await startedCall(gateway(), client, 'spin');
    const exit = threadExit(gateway(), client);
    await cancel(client, id);
    const { killMs } = await exit;
    expect(killMs).to.be.within(CANCEL_GRACE_MS - 20, performance.now() - heededMs - 1_000);
    expect((await other).error?.data).to.include({ reason: 'thread_killed' });
  });

  it('refuses the id of a cancelled request while its handler still runs, so that none escapes the kill', async () => {
    const client = await connectedClient(gateway());
    const { id } = await startedCall(gateway(), client, 'stubborn', { ms: FOR_LONG_MS });
    const exit = threadExit(gateway(), client);
    await cancel(client, id);
    expectError(await client.call('echo', { text: 'again' }, { id }), -32600);
    expectKilled(await exit, 0);
    expect(textOf(await client.call('echo', { text: 'again' }, { id }))).to.equal('again');
  });

  it('kills a handler that is deep in a regular expression', async () => {
    const client = await connectedClient(gateway());
    const { id } = await startedCall(gateway(), client, 'catastrophe');
    const exit = threadExit(gateway(), client);
    await cancel(client, id);
    expectKilled(await exit, 0);
  });
});

describe('The client cancels a request that still waits for a thread', () => {
  const gateway = sharedGateway({ sseAfter: '1m', cancelGrace: 0, spareThreads: 0, maxThreads: 1 });

  it('answers it with an error response, and never runs it', async () => {
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'ran', value: false });
    const { id: spinId } = await startedCall(gateway(), client, 'spin');
    const exit = threadExit(gateway(), client);
    await cancel(client, spinId);
    await exit;
    // The only thread is gone, so another one has to be started.
    const { id, exchange } = await startedCall(gateway(), client, 'state_set', { key: 'ran', value: true });
    const behind = client.call('state_get', { key: 'ran' });
    await cancel(client, id);
    const answer = await (await exchange.response).json();
    const { value } = JSON.parse(textOf(await behind)) as { value: boolean };
    expectCancelled(answer, id);
    expect(value).to.equal(false);
  });
});

async function startedCall(
  gateway: Gateway,
  client: RawClient,
  tool: string,
  args: Record<string, unknown> = {},
  id: RequestId = client.nextId(),
): Promise<ReturnType<RawClient['startCall']>> {
  const started = once(gateway.events, 'request-started', (request) => request.tool === tool);
  const call = client.startCall(tool, args, { id });
  await started;
  return call;
}

async function cancel(
  client: RawClient,
  requestId: RequestId,
  reason = 'not needed any more',
): Promise<void> {
  await client.notify('notifications/cancelled', { requestId, reason });
}

function threadExit(gateway: Gateway, client: RawClient): Promise<EventPayload<'thread-exited'>> {
  return once(gateway.events, 'thread-exited', ({ context }) => context?.sessionId === client.sessionId);
}

function expectKilled({ cause, killMs, requestsLost }: EventPayload<'thread-exited'>, lost: number): void {
  expect(cause).to.equal('killed');
  expect(killMs, 'killMs').to.be.above(CANCEL_GRACE_MS - 20);
  expect(requestsLost).to.equal(lost);
}

function expectCancelled(message: JsonRpcMessage, id: RequestId, reason?: string): void {
  expect(message.id).to.equal(id);
  expectError(message, -32000);
  expect(message.error?.data).to.include({ reason: 'cancelled' });
  if (reason !== undefined) expect(message.error?.message).to.include(reason);
}

async function threadIdOf(client: RawClient): Promise<number> {
  return (JSON.parse(textOf(await client.call('context'))) as { threadId: number }).threadId;
}
