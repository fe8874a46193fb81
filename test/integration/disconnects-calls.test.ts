import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { connectedClient, type Gateway, rawClient, sharedGateway } from '../support/gateway.js';
import {
  initializeRequest,
  type JsonRpcMessage,
  type RawClient,
  textOf,
  toolCall,
} from '../support/raw-client.js';
import type { SseReader } from '../support/sse-reader.js';

const FOR_LONG_MS = 60_000;
const reasonOf = ({ error }: JsonRpcMessage) => (error?.data as { reason?: string } | undefined)?.reason;

describe("A POST's connection closes before its response, and nobody could resume it", () => {
  // No handler here ignores its signal: a thread that a busy machine holds up must not be killed.
  const patient = sharedGateway({ sseAfter: '1m', cancelGrace: '1m' });
  const hasty = sharedGateway({ sseAfter: '20ms', cancelGrace: '1m' });

  it('cancels a call that would have been answered as JSON, at once', async () => {
    const client = await connectedClient(patient());
    const { exchange } = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS });
    const cancelled = once(patient().events, 'request-cancelled', ({ tool }) => tool === 'slow');
    const finished = once(patient().events, 'request-finished', ({ tool }) => tool === 'slow');
    exchange.destroy();
    expect((await cancelled).reason).to.equal('disconnect');
    expect(await finished).to.include({ failure: 'cancelled' });
  });

  it("aborts the handler's signal, and keeps the thread of a handler that heeds it", async () => {
    const client = await connectedClient(patient());
    const thread = await threadIdOf(client);
    const { exchange } = await startedCall(patient(), client, 'late_abort');
    const aborted = once(patient().events, 'module-log', ({ message }) => message === 'extra.signal aborted');
    exchange.destroy();
    await aborted;
    expect(await threadIdOf(client)).to.equal(thread);
  });

  it('cancels a stream of which the client holds no event id, because its revision has no priming event', async () => {
    const client = await connectedClient(hasty(), { protocolVersion: '2025-06-18' });
    const { stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    const cancelled = once(hasty().events, 'request-cancelled', ({ tool }) => tool === 'slow');
    stream.destroy();
    expect((await cancelled).reason).to.equal('disconnect');
  });

  it('cancels every request of a batch whose connection closes', async () => {
    const client = await connectedClient(patient(), { protocolVersion: '2025-03-26' });
    const batch = ['one', 'two'].map((id) => toolCall(id, 'slow', { ms: FOR_LONG_MS }));
    const { events } = patient();
    let started = 0;
    const bothStarted = once(events, 'request-started', ({ tool }) => tool === 'slow' && ++started === 2);
    const exchange = client.exchange('POST', JSON.stringify(batch));
    await bothStarted;
    let cancelled = 0;
    const bothCancelled = once(events, 'request-cancelled', () => ++cancelled === 2);
    exchange.destroy();
    await bothCancelled;
    expect(patient().snapshot().requestsInFlight).to.equal(0);
  });

  it('leaves the other calls of the session alone', async () => {
    const client = await connectedClient(patient());
    const { exchange } = await startedCall(patient(), client, 'slow', { ms: FOR_LONG_MS });
    const other = client.call('slow', { ms: 300 });
    const cancelled = once(patient().events, 'request-cancelled', ({ tool }) => tool === 'slow');
    exchange.destroy();
    await cancelled;
    expect(textOf(await other)).to.equal('waited 300');
  });

  it('ends a session whose client leaves before initialize is answered', async () => {
    const client = rawClient(patient());
    const { events } = patient();
    const started = once(events, 'session-started');
    const ended = once(events, 'session-ended');
    // In the same tick as the event, so the thread cannot have answered yet.
    events.once('session-started', () => exchange.destroy());
    const exchange = client.exchange('POST', JSON.stringify(initializeRequest(1)));
    const { context } = await started;
    expect(await ended).to.deep.include({ context, reason: 'abandoned' });
  });
});

describe('A POST stream closes before its response, and its client can resume it', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', resumeGrace: '400ms', cancelGrace: '1m' });
  /** For clients that come back: on a busy machine that takes a while. How long they may take: lost-streams.test.ts. */
  const patient = sharedGateway({ sseAfter: '20ms', resumeGrace: '1m', cancelGrace: '1m' });

  it('answers a client that comes back too late with the error response for its request', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await primedCall(client, 'slow', { ms: FOR_LONG_MS });
    const cancelled = once(gateway().events, 'request-cancelled', ({ tool }) => tool === 'slow');
    await drop(gateway(), stream);
    await cancelled;
    const late = await client.get({}, stream.lastEventId);
    const answer = await late.answer(id);
    expectError(answer);
    expect(reasonOf(answer)).to.equal('cancelled');
    expect(answer.error?.message).to.match(/did not come back/);
    expect(await late.stream.ended).to.equal('end');
  });

  it('goes on with a request whose client comes back in time', async () => {
    const client = await connectedClient(patient());
    const { id, stream } = await primedCall(client, 'slow', { ms: 300 });
    await drop(patient(), stream);
    const resumed = await client.get({}, stream.lastEventId);
    expect(textOf(await resumed.answer(id))).to.equal('waited 300');
    expect(await resumed.stream.ended).to.equal('end');
  });

  it('goes on where its client comes back before the gateway has noticed the drop', async () => {
    const client = await connectedClient(patient());
    const cancellations = collect(patient().events, 'request-cancelled');
    const { id, stream } = await primedCall(client, 'slow', { ms: 300 });
    const resumed = await client.get({}, stream.lastEventId);
    stream.destroy();
    expect(textOf(await resumed.answer(id))).to.equal('waited 300');
    expect(cancellations).to.deep.equal([]);
  });

  it('replays what a request sent while its client was away, and its answer, in order', async () => {
    const client = await connectedClient(patient());
    const args = { steps: 3, ms: 50, silentMs: 100 };
    const { id, stream } = await primedCall(client, 'progress', args, 'p');
    const finished = once(patient().events, 'request-finished', ({ tool }) => tool === 'progress');
    await drop(patient(), stream);
    expect((await finished).failure).to.equal(undefined);
    const resumed = await client.get({}, stream.lastEventId);
    expect(await resumed.stream.ended).to.equal('end');
    const steps = resumed.stream.messages.map((message) => message.params?.progress ?? message.id);
    expect(steps).to.deep.equal([1, 2, 3, id]);
  });

  it('takes a stream of an earlier revision for resumable as soon as an event of it had an id', async () => {
    const client = await connectedClient(patient(), { protocolVersion: '2025-06-18' });
    const { id, stream } = await client.openCall('progress', { steps: 2, ms: 300 }, { progressToken: 'p' });
    await stream.message(({ method }) => method === 'notifications/progress');
    await drop(patient(), stream);
    const resumed = await client.get({}, stream.lastEventId);
    expect(textOf(await resumed.answer(id))).to.equal('2 steps');
  });

  it('gives a client whose stream was closed on purpose (SEP-1699) the time to come back in', async () => {
    const client = await connectedClient(patient());
    const { id, stream } = await client.openCall('close_stream', { ms: 300 });
    expect(await stream.ended).to.equal('end');
    const finished = await once(patient().events, 'request-finished', ({ tool }) => tool === 'close_stream');
    expect(finished.failure).to.equal(undefined);
    expect(textOf(await (await client.get({}, stream.lastEventId)).answer(id))).to.equal('closed');
  });

  it('counts a socket that was only half dead as closed when it dies', async () => {
    const client = await connectedClient(gateway());
    const { exchange } = client.startCall('slow', { ms: FOR_LONG_MS });
    const { incoming } = await exchange.response;
    incoming.pause();
    const cancelled = once(gateway().events, 'request-cancelled', ({ tool }) => tool === 'slow');
    incoming.socket.resetAndDestroy();
    expect((await cancelled).reason).to.equal('resume_expired');
  });
});

/** Starts a call whose response is still open, and waits until the gateway has it. */
async function startedCall(
  gateway: Gateway,
  client: RawClient,
  tool: string,
  args: Record<string, unknown> = {},
): Promise<ReturnType<RawClient['startCall']>> {
  const started = once(gateway.events, 'request-started', (request) => request.tool === tool);
  const call = client.startCall(tool, args);
  await started;
  return call;
}

/** A call with an SSE stream, of which the client has read an event id. */
async function primedCall(
  client: RawClient,
  tool: string,
  args: Record<string, unknown>,
  progressToken?: string,
): Promise<Awaited<ReturnType<RawClient['openCall']>>> {
  const call = await client.openCall(tool, args, progressToken === undefined ? {} : { progressToken });
  await call.stream.next(({ id }) => id !== undefined, 'an event with an id');
  return call;
}

/** Breaks the connection; resolves when the gateway has noticed, with the time of the break. */
async function drop(gateway: Gateway, stream: SseReader): Promise<number> {
  const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'post');
  const dropMs = performance.now();
  stream.destroy();
  await closed;
  return dropMs;
}

async function threadIdOf(client: RawClient): Promise<number> {
  return (JSON.parse(textOf(await client.call('context'))) as { threadId: number }).threadId;
}
