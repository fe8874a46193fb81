import { once as event } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect } from 'chai';
import { collect, type EventPayload, once } from '../support/events.js';
import { expectError, expectKilledByGrace, expectRejection } from '../support/expectations.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { RawResponse, toolCall } from '../support/raw-client.js';

const FOR_LONG_MS = 60_000;
const CANCEL_GRACE_MS = 300;

describe('DELETE', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', cancelGrace: CANCEL_GRACE_MS });

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
    await expectRejection(await client.post(toolCall(99, 'echo', { text: 'late' })), 404);
    await expectRejection(await client.get(), 404);
    await expectRejection(await client.delete(), 404);
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
      expectKilledByGrace(killMs, CANCEL_GRACE_MS);
      await expectRejection(await client.get(), 404);
    });
  }

  it('answers a client that resumes a call of the ended session with an error response for that call', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: FOR_LONG_MS });
    await stream.next((event) => event.id !== undefined);
    const closed = once(gateway().events, 'stream-closed');
    stream.destroy();
    await closed;
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
  const gateway = sharedGateway({ cancelGrace: CANCEL_GRACE_MS });

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
    await expectRejection(await client.post(toolCall('late', 'echo', { text: 'late' })), 404);
  });

  it('refuses a message whose body was still on its way when the session ended', async () => {
    const client = await LegacyClient.connect(gateway());
    const body = JSON.stringify(toolCall('late', 'echo', { text: 'late' }));
    const outgoing = request(client.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        expect: '100-continue',
      },
    });
    outgoing.flushHeaders();
    // The server has read the headers, and has found the session.
    await event(outgoing, 'continue');
    const ended = sessionEnd(gateway(), client.sessionId);
    client.stream.destroy();
    await ended;
    const answered = event(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.end(body);
    const [incoming] = await answered;
    await expectRejection(new RawResponse(incoming), 404);
    outgoing.destroy();
  });

  it('kills the thread of a tool that spins, after cancel-grace', async () => {
    const client = await LegacyClient.connect(gateway());
    await client.accepted(toolCall('spin', 'spin', { announce: true }));
    await client.stream.message(({ method }) => method === 'notifications/message');
    const exit = threadExit(gateway(), client.sessionId);
    client.stream.destroy();
    const { cause, killMs } = await exit;
    expect(cause).to.equal('killed');
    expectKilledByGrace(killMs, CANCEL_GRACE_MS);
  });
});

function sessionEnd(gateway: Gateway, sessionId: string | undefined): Promise<EventPayload<'session-ended'>> {
  return once(gateway.events, 'session-ended', ({ context }) => context.sessionId === sessionId);
}

function threadExit(gateway: Gateway, sessionId: string | undefined): Promise<EventPayload<'thread-exited'>> {
  return once(gateway.events, 'thread-exited', ({ context }) => context?.sessionId === sessionId);
}
