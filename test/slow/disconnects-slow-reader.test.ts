import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { once } from '../support/events.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const MIB = 1024 * 1024;
/** Characters that a thread may have in transit, with two bytes each in V8, and one more message. */
const WINDOW_BYTES = 2 * 1024 * 1024 + 64 * 1024;
const MESSAGE_BYTES = 16 * 1024;
/** All messages together would be 64 MiB on the main thread. */
const MESSAGES = 4_096;
const LONG_MS = 20_000;

describe('A client that does not read while a tool floods it', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', cancelGrace: '300ms' });

  it('makes the tool wait, and costs the main thread no more than a window', async () => {
    const client = await connectedClient(gateway());
    const call = await stalledFlood(gateway(), client);
    const { bufferedBytes, requestsInFlight } = gateway().snapshot();
    expect(bufferedBytes).to.be.within(1, WINDOW_BYTES);
    expect(gateway().sessions()[0]?.bufferedBytes).to.equal(bufferedBytes);
    expect(requestsInFlight, 'the flooding call waits').to.equal(1);
    const dropped = once(gateway().events, 'stream-closed');
    call.exchange.destroy();
    await dropped;
    expect(gateway().snapshot().bufferedBytes, 'after the drop').to.equal(0);
  });

  it('gets everything, in order, once it reads on', async () => {
    const client = await connectedClient(gateway());
    const { exchange, id } = await stalledFlood(gateway(), client);
    const { stream } = await exchange.response;
    const answer = await stream.message((message) => message.id === id, 'the answer', LONG_MS);
    expect(textOf(answer)).to.equal(`sent ${MESSAGES}`);
    expect(await stream.ended).to.equal('end');
    expect(stream.messages).to.have.length(MESSAGES + 1);
    expect(stream.messages.at(-1)).to.deep.equal(answer);
    const sequences = stream.events.flatMap(({ id: eventId }) =>
      eventId ? [Number.parseInt(eventId, 10)] : [],
    );
    expect(sequences).to.deep.equal([...sequences].sort((one, other) => one - other));
    expect(gateway().snapshot().bufferedBytes).to.equal(0);
  });

  it('on its GET stream gets everything as well, once it reads on', async () => {
    const client = await connectedClient(gateway());
    const get = await client.get();
    const args = { count: MESSAGES, bytes: MESSAGE_BYTES, unrelated: true };
    const flood = client.call('flood', args, { deadlineMs: LONG_MS });
    await stalled(gateway());
    const { stream } = get;
    expect(gateway().snapshot().bufferedBytes).to.be.within(1, WINDOW_BYTES);
    expect(textOf(await flood)).to.equal(`sent ${MESSAGES}`);
    // The answer came on another connection: the last notifications may still be on their way.
    for (let message = 0; message < MESSAGES; message += 1) await stream.message();
  });

  it('does not hurt another session, neither while it stalls nor when it breaks off', async () => {
    const flooder = await connectedClient(gateway());
    const other = await connectedClient(gateway());
    const { exchange } = await stalledFlood(gateway(), flooder);
    for (let call = 0; call < 20; call += 1) {
      expect(textOf(await other.call('echo', { text: `${call}` }))).to.equal(`${call}`);
    }
    const ended = once(gateway().events, 'session-ended');
    exchange.destroy();
    await flooder.delete();
    expect((await ended).context.sessionId).to.equal(flooder.sessionId);
    expect(textOf(await other.call('large', { bytes: MIB }))).to.have.length(MIB);
    expect(gateway().snapshot().bufferedBytes).to.equal(0);
  });

  it('can cancel the flooding call: the stalled tool stops, and its thread stays', async () => {
    const client = await connectedClient(gateway());
    const { exchange, id } = await stalledFlood(gateway(), client);
    const settled = once(gateway().events, 'request-finished', ({ tool }) => tool === 'flood');
    await client.notify('notifications/cancelled', { requestId: id });
    expect((await settled).failure).to.equal('cancelled');
    const { stream } = await exchange.response;
    const answer = await stream.message((message) => message.id === id, 'the error response', LONG_MS);
    expect(answer.error?.data).to.include({ reason: 'cancelled' });
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });

  it('grows the process by no more than the windows and logs of its sessions, whatever is flooded', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => connectedClient(gateway())));
    for (const client of clients) await client.call('whoami');
    const before = process.memoryUsage();
    const calls = [];
    for (const client of clients) calls.push(await stalledFlood(gateway(), client, calls.length + 1));
    const after = process.memoryUsage();
    // For each: the event log keeps at most 16 MiB, one window is in the stream and one in the thread's queue.
    const perSession = 16 * MIB + 4 * WINDOW_BYTES;
    expect(
      after.external + after.heapUsed - before.external - before.heapUsed,
      'heap of the main thread',
    ).to.be.below(clients.length * (perSession + 4 * MIB));
    expect(gateway().snapshot().bufferedBytes).to.be.within(1, clients.length * WINDOW_BYTES);
    for (const { exchange } of calls) exchange.destroy();
  });
});

describe('A client that asks for large answers and does not read them', () => {
  const gateways = { JSON: sharedGateway({ sseAfter: '1m' }), SSE: sharedGateway({ sseAfter: 0 }) };
  /** More than the buffers of a loopback connection accept for a client that does not read. */
  const bytes = 8 * MIB;

  for (const form of ['JSON', 'SSE'] as const) {
    it(`has one of them wait on the main thread, the others in the session's own, as ${form}`, async () => {
      const gateway = gateways[form]();
      const client = await connectedClient(gateway);
      const calls = [1, 2, 3, 4].map(() => client.startCall('large', { bytes }));
      await stalled(gateway);
      const { bufferedBytes, requestsInFlight } = gateway.snapshot();
      expect(bufferedBytes).to.be.within(2 * bytes, 2 * bytes + WINDOW_BYTES);
      expect(requestsInFlight).to.equal(3);
      for (const { id, exchange } of calls) {
        const response = await exchange.response;
        expect(response.isEventStream).to.equal(form === 'SSE');
        expect(textOf(await response.answer(id, LONG_MS))).to.have.length(bytes);
      }
      await until(() => gateway.snapshot().bufferedBytes === 0, 'nothing to be held back');
    });

    it(`gives everything up when it breaks off, as ${form}`, async () => {
      const gateway = gateways[form]();
      const client = await connectedClient(gateway);
      const { exchange } = client.startCall('large', { bytes });
      await stalled(gateway);
      exchange.destroy();
      await until(() => gateway.snapshot().bufferedBytes === 0, 'nothing to be held back');
      expect(textOf(await client.call('large', { bytes: 2 * MIB }))).to.have.length(2 * MIB);
    });
  }
});

/** A call of `flood` whose client has read only the headers; resolves when the tool has to wait. */
async function stalledFlood(
  gateway: Gateway,
  client: RawClient,
  floods = 1,
): Promise<ReturnType<RawClient['startCall']>> {
  const call = client.startCall('flood', { count: MESSAGES, bytes: MESSAGE_BYTES });
  await call.exchange.response;
  await stalled(gateway, floods);
  return call;
}

/** Waits until this many streams hold back bytes, and their number of bytes no longer grows. */
async function stalled(gateway: Gateway, floods = 1): Promise<void> {
  let before = -1;
  let same = 0;
  const still = () => {
    const { bufferedBytes } = gateway.snapshot();
    const streams = gateway.sessions().filter((session) => session.bufferedBytes > 0).length;
    same = bufferedBytes === before && streams >= floods ? same + 1 : 0;
    before = bufferedBytes;
    return same >= 20;
  };
  await until(still, () => `the flood to stall; ${before} bytes are held back`, LONG_MS);
}
