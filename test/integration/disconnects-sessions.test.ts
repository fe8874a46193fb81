import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { collect, type EventPayload, once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { type RawClient, textOf, toolCall } from '../support/raw-client.js';
import type { SseReader } from '../support/sse-reader.js';

const FOR_LONG_MS = 60_000;
const DISCONNECT_GRACE_MS = 400;

describe('A session that had a GET stream and has no connection left', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', disconnectGrace: DISCONNECT_GRACE_MS });

  it('ends after disconnect-grace, and not before', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    await drop(gateway(), client.stream);
    const dropMs = performance.now();
    expect((await ended).reason).to.equal('disconnect');
    expect(performance.now() - dropMs, 'ms since the drop').to.be.at.least(DISCONNECT_GRACE_MS - 20);
    await expectRejection(await client.post(toolCall(1, 'echo', { text: 'late' })), 404);
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
    await drop(gateway(), client.stream);
    await client.get({}, client.stream.lastEventId);
    await outlive(gateway(), DISCONNECT_GRACE_MS);
    expect(ends.filter(({ context }) => context.sessionId === client.sessionId)).to.deep.equal([]);
    expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
  });

  it('is kept by a POST, from whose end the grace counts anew', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    await drop(gateway(), client.stream);
    expect(textOf(await client.call('slow', { ms: 2 * DISCONNECT_GRACE_MS }))).to.match(/^waited/);
    const answeredMs = performance.now();
    expect((await ended).reason).to.equal('disconnect');
    expect(performance.now() - answeredMs).to.be.at.least(DISCONNECT_GRACE_MS - 50);
  });

  it('lives as long as a stream of a POST is open, though its GET stream closed', async () => {
    const client = await listeningClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 3 * DISCONNECT_GRACE_MS });
    await drop(gateway(), client.stream);
    expect(textOf(await stream.message((message) => message.id === id))).to.match(/^waited/);
    expect((await sessionEnd(gateway(), client.sessionId)).reason).to.equal('disconnect');
  });

  const inPassing: [string, (client: RawClient, finishedId: string) => Promise<unknown>][] = [
    ['a notification', (client) => client.notify('notifications/cancelled', { requestId: 'unknown' })],
    ['an answer', (client) => client.respond('unknown', {})],
    ['a replay of a finished call', async (client, id) => (await client.get({}, id)).stream.ended],
  ];
  for (const [what, touch] of inPassing) {
    it(`counts the grace anew from ${what}, which leaves no connection behind`, async () => {
      const client = await listeningClient(gateway());
      const { stream } = await client.openCall('slow', { ms: 100 });
      await stream.ended;
      const ended = sessionEnd(gateway(), client.sessionId);
      await drop(gateway(), client.stream);
      await touch(client, stream.events[0]?.id ?? '');
      const touchedMs = performance.now();
      expect((await ended).reason).to.equal('disconnect');
      expect(performance.now() - touchedMs).to.be.at.least(DISCONNECT_GRACE_MS - 50);
    });
  }
});

describe('A session that reaches session-max-age', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', sessionMaxAge: '2500ms', cleanupInterval: '20ms' });

  it('ends, though it is in use: the call in flight gets an error response first', async () => {
    const client = await listeningClient(gateway());
    const ended = sessionEnd(gateway(), client.sessionId);
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    const { reason, durationMs } = await ended;
    expect(reason).to.equal('max_age');
    expect(durationMs).to.be.at.least(2_500);
    expectError(await stream.message((message) => message.id === id), -32000);
    expect(await client.stream.ended).to.equal('end');
  });
});

function sessionEnd(gateway: Gateway, sessionId: string | undefined): Promise<EventPayload<'session-ended'>> {
  return once(gateway.events, 'session-ended', ({ context }) => context.sessionId === sessionId);
}

/** A client whose session has a GET stream, of which it has read an event id. */
async function listeningClient(
  gateway: Gateway,
): Promise<RawClient & { readonly stream: SseReader; readonly incoming: IncomingMessage }> {
  const client = await connectedClient(gateway);
  const { stream, incoming } = await client.get();
  await stream.next(({ id }) => id !== undefined);
  return Object.assign(client, { stream, incoming });
}

/** Breaks the connection of a GET stream and waits until the gateway has noticed. */
async function drop(gateway: Gateway, stream: SseReader): Promise<void> {
  const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'get');
  stream.destroy();
  await closed;
}

/** Waits until a call of another session, which takes slightly longer than this, is answered. */
async function outlive(gateway: Gateway, ms: number): Promise<void> {
  const other = await connectedClient(gateway);
  await other.call('slow', { ms: ms + 200 }, { deadlineMs: 2 * ms + 5_000 });
}
