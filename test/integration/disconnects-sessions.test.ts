import { expect } from 'chai';
import type { StreamKind } from '../../src/events.js';
import { withDeadline } from '../support/deadline.js';
import { collect, type EventPayload, once } from '../support/events.js';
import { expectError, expectRefusal } from '../support/expectations.js';
import { connectedClient, type Gateway, rawClient, sharedGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { type RawClient, textOf, toolCall } from '../support/raw-client.js';
import type { SseReader } from '../support/sse-reader.js';

const FOR_LONG_MS = 60_000;
const CANCEL_GRACE_MS = 300;
/** What the gateway promises beyond the grace, and what a machine under load adds: see disconnects-kill.test.ts. */
const KILL_MS = 100 + 500;
const DISCONNECT_GRACE_MS = 400;

describe('DELETE', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', cancelGrace: CANCEL_GRACE_MS, spareThreads: 2 });

  it('answers the calls in flight with an error response before their streams end; later requests get 404', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    const ended = sessionEnd(gateway(), client.sessionId);
    expect((await client.delete()).status).to.be.within(200, 204);
    expect(await stream.ended).to.equal('end');
    const [answer] = stream.messages;
    expect(answer?.id).to.equal(id);
    expectError(answer!, -32000);
    expect((await ended).reason).to.equal('delete');
    await expectRefusal(await client.post(toolCall(99, 'echo', { text: 'late' })), 404);
    await expectRefusal(await client.get(), 404);
    await expectRefusal(await client.delete(), 404);
  });

  it('closes the GET stream', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.get();
    await client.delete();
    expect(await stream.ended).to.equal('end');
  });

  it("aborts the session's signal and the handlers' own, and lets the thread end by itself", async () => {
    const client = await connectedClient(gateway());
    await client.openCall('late_abort');
    const { events } = gateway();
    const aborted = ['session.signal aborted', 'extra.signal aborted'].map((text) =>
      once(events, 'module-log', ({ message }) => message === text),
    );
    const exit = threadExit(gateway(), client.sessionId);
    await client.delete();
    await Promise.all(aborted);
    expect(await exit).to.include({ cause: 'ended', killMs: undefined });
  });

  for (const [tool, args] of [
    ['stubborn', { ms: FOR_LONG_MS }],
    ['spin', { announce: true }],
  ] as const) {
    it(`kills the thread of a session with a handler of '${tool}', after cancel-grace`, async () => {
      const client = await connectedClient(gateway());
      const { id, stream } = await client.openCall(tool, args);
      const exit = threadExit(gateway(), client.sessionId);
      await client.delete();
      expect((await stream.message((message) => message.id === id)).error).to.be.an('object');
      const { cause, killMs } = await exit;
      expect(cause).to.equal('killed');
      expect(killMs).to.be.within(CANCEL_GRACE_MS - 20, CANCEL_GRACE_MS + KILL_MS);
      await expectRefusal(await client.get(), 404);
    });
  }

  it('answers a client that resumes a call of the ended session with an error response for that call', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    await stream.next((event) => event.id !== undefined);
    await drop(gateway(), 'post', stream);
    await client.delete();
    const resumed = await client.get({}, stream.lastEventId);
    expectError(await resumed.answer(id));
    expect(await resumed.stream.ended).to.equal('end');
  });

  it('ends a session once, however many DELETEs come at once', async () => {
    const client = await connectedClient(gateway());
    const ends = collect(gateway().events, 'session-ended');
    const exit = threadExit(gateway(), client.sessionId);
    const statuses = (await Promise.all([1, 2, 3].map(() => client.delete()))).map(({ status }) => status);
    await exit;
    expect(statuses.filter((status) => status < 300)).to.have.length(1);
    expect(ends.filter(({ context }) => context.sessionId === client.sessionId)).to.have.length(1);
  });
});

describe('The legacy SSE stream closes', () => {
  const gateway = sharedGateway({ cancelGrace: CANCEL_GRACE_MS, spareThreads: 2 });

  it('ends the session at once and cancels what it does; its endpoint is gone', async () => {
    const client = await LegacyClient.connect(gateway());
    await client.accepted(toolCall('slow', 'slow', { ms: FOR_LONG_MS }));
    const cancelled = once(gateway().events, 'request-cancelled');
    const ended = sessionEnd(gateway(), client.sessionId);
    const exit = threadExit(gateway(), client.sessionId);
    client.stream.destroy();
    expect((await cancelled).reason).to.equal('session_end');
    expect((await ended).reason).to.equal('stream_closed');
    expect((await exit).cause).to.equal('ended');
    await expectRefusal(await client.post(toolCall('late', 'echo', { text: 'late' })), 404);
  });

  it('kills the thread of a tool that spins, after cancel-grace', async () => {
    const client = await LegacyClient.connect(gateway());
    await client.accepted(toolCall('spin', 'spin', { announce: true }));
    await client.stream.message(({ method }) => method === 'notifications/message');
    const exit = threadExit(gateway(), client.sessionId);
    client.stream.destroy();
    const { cause, killMs } = await exit;
    expect(cause).to.equal('killed');
    expect(killMs).to.be.within(CANCEL_GRACE_MS - 20, CANCEL_GRACE_MS + KILL_MS);
  });
});

describe('A session that had a GET stream and has no connection left', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', disconnectGrace: DISCONNECT_GRACE_MS, spareThreads: 2 });

  it('ends after disconnect-grace, and not before', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    await drop(gateway(), 'get', client.stream);
    const dropMs = performance.now();
    expect((await ended).reason).to.equal('disconnect');
    expect(performance.now() - dropMs, 'ms since the drop').to.be.at.least(DISCONNECT_GRACE_MS - 20);
    await expectRefusal(await client.post(toolCall(1, 'echo', { text: 'late' })), 404);
  });

  it('ends when every socket of the client dies at once, in the middle of a call', async () => {
    const client = await listeningClient(gateway());
    await client.openCall('slow', { ms: FOR_LONG_MS });
    const ended = sessionEnd(gateway(), client.sessionId);
    client.destroy();
    expect((await ended).reason).to.equal('disconnect');
  });

  it('ends also when the socket of the GET stream was only half dead before it died', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    client.incoming.pause();
    client.incoming.socket.resetAndDestroy();
    expect((await ended).reason).to.equal('disconnect');
  });

  it('is kept by a new GET stream', async () => {
    const client = await listeningClient(gateway());
    const ends = collect(gateway().events, 'session-ended');
    await drop(gateway(), 'get', client.stream);
    await client.get({}, client.stream.lastEventId);
    await outlive(gateway(), DISCONNECT_GRACE_MS);
    expect(ends.filter(({ context }) => context.sessionId === client.sessionId)).to.deep.equal([]);
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });

  it('is kept by a POST, from whose end the grace counts anew', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    await drop(gateway(), 'get', client.stream);
    expect(textOf(await client.call('slow', { ms: 2 * DISCONNECT_GRACE_MS }))).to.match(/^waited/);
    const answeredMs = performance.now();
    expect((await ended).reason).to.equal('disconnect');
    expect(performance.now() - answeredMs).to.be.at.least(DISCONNECT_GRACE_MS - 50);
  });

  it('lives as long as a stream of a POST is open, though its GET stream closed', async () => {
    const client = await listeningClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 3 * DISCONNECT_GRACE_MS });
    await drop(gateway(), 'get', client.stream);
    expect(textOf(await stream.message((message) => message.id === id))).to.match(/^waited/);
    expect((await sessionEnd(gateway(), client.sessionId)).reason).to.equal('disconnect');
  });

  it('counts the grace anew from a notification, an answer or a replay, which leave no connection behind', async () => {
    const client = await listeningClient(gateway());
    const { stream } = await client.openCall('slow', { ms: 50 });
    await stream.ended;
    const primingId = stream.events[0]?.id;
    for (const touch of [
      () => client.notify('notifications/cancelled', { requestId: 'unknown' }),
      () => client.respond('unknown', {}),
      async () => (await client.get({}, primingId)).stream.ended,
    ]) {
      const another = (await client.get()).stream;
      const ended = sessionEnd(gateway(), client.sessionId);
      await drop(gateway(), 'get', another);
      await touch();
      expect((await ended).reason).to.equal('disconnect');
      await client.initialize();
    }
  });
});

describe('A session that is left alone', () => {
  const SESSION_IDLE_MS = 1_500;
  const gateway = sharedGateway({
    sseAfter: '20ms',
    sessionIdle: SESSION_IDLE_MS,
    cleanupInterval: '20ms',
    spareThreads: 2,
  });

  it('ends by a fifteenth of session-idle when it was initialized and then never used', async () => {
    const client = rawClient(gateway());
    await client.initialize();
    const initializedMs = performance.now();
    const { reason, durationMs } = await sessionEnd(gateway(), client.sessionId);
    expect(reason).to.equal('unused');
    expect(performance.now() - initializedMs).to.be.below(SESSION_IDLE_MS);
    expect(durationMs).to.be.at.least(SESSION_IDLE_MS / 15);
  });

  it('ends by session-idle after its last request when it never had a GET stream', async () => {
    const client = await connectedClient(gateway());
    await client.call('whoami');
    const answeredMs = performance.now();
    expect((await sessionEnd(gateway(), client.sessionId)).reason).to.equal('idle');
    expect(performance.now() - answeredMs).to.be.at.least(SESSION_IDLE_MS - 50);
    await expectRefusal(await client.post(toolCall(1, 'echo', { text: 'late' })), 404);
  });

  it('lives beyond session-idle while a GET stream is open', async () => {
    const client = await listeningClient(gateway());
    await outlive(gateway(), SESSION_IDLE_MS + 300);
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });

  it('lives beyond session-idle while a call runs', async () => {
    const client = await connectedClient(gateway());
    const answer = await client.call('slow', { ms: SESSION_IDLE_MS + 500 });
    expect(textOf(answer)).to.match(/^waited/);
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });
});

describe('A session that reaches session-max-age', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', sessionMaxAge: '1s', cleanupInterval: '20ms' });

  it('ends, though it is in use: the call in flight gets an error response first', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    const { reason, durationMs } = await ended;
    expect(reason).to.equal('max_age');
    expect(durationMs).to.be.at.least(1_000);
    expectError(await stream.message((message) => message.id === id), -32000);
    expect(await client.stream.ended).to.equal('end');
  });
});

function sessionEnd(gateway: Gateway, sessionId: string | undefined): Promise<EventPayload<'session-ended'>> {
  return once(gateway.events, 'session-ended', ({ context }) => context.sessionId === sessionId);
}

function threadExit(gateway: Gateway, sessionId: string | undefined): Promise<EventPayload<'thread-exited'>> {
  return once(gateway.events, 'thread-exited', ({ context }) => context?.sessionId === sessionId);
}

/** A client whose session has a GET stream of which an event id was read. */
async function listeningClient(
  gateway: Gateway,
): Promise<RawClient & { readonly stream: SseReader; readonly incoming: import('node:http').IncomingMessage }> {
  const client = await connectedClient(gateway);
  const { stream, incoming } = await client.get();
  await stream.next(({ id }) => id !== undefined);
  return Object.assign(client, { stream, incoming });
}

/** Breaks the connection and waits until the gateway has noticed. */
async function drop(gateway: Gateway, kind: StreamKind, stream: SseReader): Promise<void> {
  const closed = once(gateway.events, 'stream-closed', (closing) => closing.kind === kind);
  stream.destroy();
  await closed;
}

/** Until a call of another session, which takes that long and a little more, is answered. */
async function outlive(gateway: Gateway, ms: number): Promise<void> {
  const other = await connectedClient(gateway);
  await withDeadline(other.call('slow', { ms: ms + 200 }, { deadlineMs: 2 * ms + 5_000 }), 'a longer call');
}
