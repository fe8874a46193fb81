import { expect } from 'chai';
import type { StreamKind } from '../../src/telemetry/events.js';
import { once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, type Gateway, rawClient, sharedGateway } from '../support/gateway.js';
import { textOf } from '../support/raw-client.js';
import type { SseReader } from '../support/sse-reader.js';

const FOR_LONG = 60_000;
const dataOf = (message: { params?: Record<string, unknown> }) => message.params?.data;

describe('Streamable HTTP: how a call is answered', () => {
  const patient = sharedGateway({ sseAfter: '10s' });
  const hasty = sharedGateway({ sseAfter: '20ms' });

  it('answers as JSON when the response comes within sse-after', async () => {
    const client = await connectedClient(patient());
    const { exchange, id } = client.startCall('slow', { ms: 100 });
    const response = await exchange.response;
    expect(response.headers['content-type']).to.match(/^application\/json/);
    expect(textOf(await response.answer(id))).to.equal('waited 100');
  });

  it('becomes an SSE stream after sse-after, and ends it with the response', async () => {
    const client = await connectedClient(hasty());
    const { id, stream } = await client.openCall('slow', { ms: 300 });
    expect(stream.messages).to.deep.equal([]);
    expect(await stream.ended).to.equal('end');
    expect(stream.messages.map((message) => message.id)).to.deep.equal([id]);
  });

  it('becomes an SSE stream at once when something comes before the response', async () => {
    const client = await connectedClient(patient());
    const { id, stream } = await client.openCall('log', { data: 'first' });
    expect(await stream.ended).to.equal('end');
    expect(stream.messages.map(({ method }) => method)).to.deep.equal(['notifications/message', undefined]);
    expect(stream.messages.at(-1)?.id).to.equal(id);
  });

  it('answers a request that fails in the protocol with an error response over 200', async () => {
    const client = await connectedClient(patient());
    expectError(await client.ask('no/such/method'), -32601);
  });

  it('tells proxies not to buffer and caches not to store, on every stream', async () => {
    const client = await connectedClient(hasty());
    const { exchange } = client.startCall('slow', { ms: 200 });
    for (const { headers } of [await client.get(), await exchange.response]) {
      expect(headers['content-type']).to.match(/^text\/event-stream/);
      expect(headers['x-accel-buffering']).to.equal('no');
      expect(headers['cache-control']).to.include('no-cache');
    }
  });
});

describe('Streamable HTTP: priming events and keep-alive', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', keepAlive: '40ms' });

  it('begins each stream of 2025-11-25 with retry and an empty event that has an id', async () => {
    const client = await connectedClient(gateway());
    const { stream: post } = await client.openCall('slow', { ms: 200 });
    const { stream: get } = await client.get();
    for (const stream of [post, get]) {
      const first = await stream.next(({ comment }) => comment === undefined, 'the priming event');
      expect(first.id).to.match(/^[\x21-\x7e]+$/);
      expect(first.data).to.equal('');
      expect(first.retry).to.be.within(1, FOR_LONG);
    }
  });

  it('sends no empty event to clients of earlier versions, which could not parse it', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-06-18' });
    const { stream } = await client.openCall('slow', { ms: 200 });
    await stream.ended;
    expect(stream.events.filter(({ data }) => data === '')).to.deep.equal([]);
    expect(stream.messages).to.have.length(1);
  });

  it('gives every event of a session an id of its own', async () => {
    const client = await connectedClient(gateway());
    const { stream: get } = await client.get();
    const { stream: post } = await client.openCall('progress', { steps: 5 }, { progressToken: 'p' });
    await post.ended;
    await client.call('broadcast', { texts: ['one', 'two'] });
    await get.message((message) => dataOf(message) === 'two');
    const ids = [...get.events, ...post.events]
      .filter(({ comment }) => comment === undefined)
      .map(({ id }) => id);
    expect(ids).to.not.include(undefined);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('sends comments on open streams, POST and GET', async () => {
    const client = await connectedClient(gateway());
    const { stream: get } = await client.get();
    const { stream: post } = await client.openCall('slow', { ms: 2_000 });
    for (const stream of [get, post]) {
      await stream.next(({ comment }) => comment !== undefined, 'a first comment');
      await stream.next(({ comment }) => comment !== undefined, 'a second comment');
    }
  });

  it('sends comments also while the thread of the session spins', async () => {
    const client = await connectedClient(gateway());
    const { stream: get } = await client.get();
    const { stream: post } = await client.openCall('spin', { ms: 600 });
    await post.ended;
    expect(post.comments.length, 'comments on the POST stream').to.be.at.least(5);
    expect(get.comments.length, 'comments on the GET stream').to.be.at.least(5);
  });
});

describe('Streamable HTTP: coming back with Last-Event-ID', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', resumeGrace: '5s' });

  it('gives a GET stream what it missed, once and in order', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.get();
    await client.call('broadcast', { texts: ['before'] });
    await stream.message((message) => dataOf(message) === 'before');
    await breakOff(gateway(), 'get', stream);
    await client.call('broadcast', { texts: ['missed 1', 'missed 2'] });
    const resumed = (await client.get({}, stream.lastEventId)).stream;
    await client.call('broadcast', { texts: ['after'] });
    await resumed.message((message) => dataOf(message) === 'after');
    const missed = resumed.messages.filter(({ method }) => method !== 'ping').map(dataOf);
    expect(missed).to.deep.equal(['missed 1', 'missed 2', 'after']);
  });

  it('keeps what was sent while no GET stream was open for the one that opens', async () => {
    const client = await connectedClient(gateway());
    await client.call('broadcast', { texts: ['early'] });
    const { stream } = await client.get();
    expect(dataOf(await stream.message())).to.equal('early');
  });

  it('gives a POST stream that broke its response over GET', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 400 });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    await breakOff(gateway(), 'post', stream);
    const resumed = await client.get({}, stream.lastEventId);
    expect(textOf(await resumed.answer(id))).to.equal('waited 400');
    expect(await resumed.stream.ended).to.equal('end');
  });

  it('gives a POST stream that broke a response that came while nobody was there', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 200 });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    const finished = once(gateway().events, 'request-finished', ({ tool }) => tool === 'slow');
    await breakOff(gateway(), 'post', stream);
    await finished;
    expect(textOf(await (await client.get({}, stream.lastEventId)).answer(id))).to.equal('waited 200');
  });

  it('replays nothing of another stream', async () => {
    const client = await connectedClient(gateway());
    const { stream: get } = await client.get();
    const { id, stream } = await client.openCall('progress', { steps: 4, ms: 100 }, { progressToken: 1 });
    await stream.message(({ method }) => method === 'notifications/progress');
    await breakOff(gateway(), 'post', stream);
    await client.call('broadcast', { texts: ['for the GET stream'] });
    const resumed = await client.get({}, stream.lastEventId);
    await resumed.answer(id);
    expect(resumed.stream.messages.filter(({ method }) => method === 'notifications/message')).to.deep.equal(
      [],
    );
    await get.message((message) => dataOf(message) === 'for the GET stream');
  });

  it('loses nothing when the connection breaks again during the replay', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.get();
    await stream.next(({ id }) => id !== undefined);
    await breakOff(gateway(), 'get', stream);
    await client.call('broadcast', { texts: ['missed'] });
    const second = (await client.get({}, stream.lastEventId)).stream;
    const first = await second.next(({ id }) => id !== undefined);
    await breakOff(gateway(), 'get', second);
    // The client received only the first event of the replay.
    const third = (await client.get({}, first.id)).stream;
    await client.call('broadcast', { texts: ['after'] });
    await third.message((message) => dataOf(message) === 'after');
    const got = [...(first.data ? [first.data] : []), ...third.events.map(({ data }) => data ?? '')].join();
    expect(got).to.include('missed');
  });

  it('does not hang a client whose events have left the bounded log', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('flood', { count: 4_000, bytes: 4_096 });
    const { id: primingId } = await stream.next(({ id: eventId }) => eventId !== undefined);
    const finished = once(gateway().events, 'request-finished', ({ tool }) => tool === 'flood');
    await breakOff(gateway(), 'post', stream);
    await finished;
    const resumed = await client.get({}, primingId);
    expect((await resumed.answer(id)).id).to.equal(id);
    expect(await resumed.stream.ended).to.equal('end');
  });

  it('pings the client whose GET stream is opened again, and swallows the answer', async () => {
    const client = await connectedClient(gateway());
    const { stream: first } = await client.get();
    await first.next(({ id }) => id !== undefined);
    const { stream: second } = await client.get();
    const ping = await second.message(({ method }) => method === 'ping');
    await breakOff(gateway(), 'get', second);
    const third = (await client.get({}, second.lastEventId)).stream;
    const next = await third.message(({ method }) => method === 'ping');
    expect(next.id).to.be.a('string').and.not.equal(ping.id);
    let unmatched = 0;
    const count = (): void => {
      unmatched += 1;
    };
    gateway().events.on('response-unmatched', count);
    for (const { id } of [ping, next]) await client.respond(id!, {});
    gateway().events.off('response-unmatched', count);
    expect(unmatched).to.equal(0);
    expect(first.messages, 'a first stream needs none').to.deep.equal([]);
  });

  it('tells a client that comes back for its call at once that it still runs, with progress that grows', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.openCall('slow', { ms: 30_000 }, { progressToken: 'p' });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    await breakOff(gateway(), 'post', stream);
    const second = (await client.get({}, stream.lastEventId)).stream;
    const first = await second.message(({ method }) => method === 'notifications/progress');
    await breakOff(gateway(), 'post', second);
    const third = (await client.get({}, second.lastEventId)).stream;
    const next = await third.message(({ method }) => method === 'notifications/progress');
    expect(next.params?.progress).to.be.greaterThan(first.params?.progress as number);
    await client.delete();
  });

  it('answers 204 where a finished stream has nothing behind the cursor, so that the client stays away', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 100 });
    await stream.message((message) => message.id === id);
    await stream.ended;
    const resumed = await client.get({}, stream.lastEventId);
    expect(resumed.status).to.equal(204);
    expect(await resumed.text()).to.equal('');
  });

  it('gives the error for a lost answer an event id, and 204 to the client that comes back behind it', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('slow', { ms: 100 });
    const { id: primingId } = await stream.next(({ id: eventId }) => eventId !== undefined);
    await stream.ended;
    await client.delete();
    const told = await client.get({}, primingId);
    expect((await told.answer(id)).error?.data).to.include({ reason: 'stream_lost' });
    await told.stream.ended;
    expect(told.stream.lastEventId).to.not.equal(primingId);
    expect((await client.get({}, told.stream.lastEventId)).status).to.equal(204);
  });

  it('answers 400 to an event id that is none', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.get({}, 'not an event id'), 400);
  });
});

describe('Streamable HTTP: streams that are replaced and closed', () => {
  const gateway = sharedGateway({ sseAfter: '20ms' });

  it('lets a second GET stream replace the first: a client may have lost it unnoticed', async () => {
    const client = await connectedClient(gateway());
    const { stream: first } = await client.get();
    const { stream: second } = await client.get();
    await first.ended;
    await client.call('broadcast', { texts: ['for the second'] });
    await second.message((message) => dataOf(message) === 'for the second');
    expect(first.messages).to.deep.equal([]);
  });

  it('closes the stream of a call on purpose, and answers the client that comes back (SEP-1699)', async () => {
    const client = await connectedClient(gateway());
    const { id, stream } = await client.openCall('close_stream', { ms: 300 });
    expect(await stream.ended).to.equal('end');
    expect(stream.messages).to.deep.equal([]);
    expect(stream.events[0]?.retry).to.be.a('number');
    const resumed = await client.get({}, stream.lastEventId);
    expect(textOf(await resumed.answer(id))).to.equal('closed');
  });

  it('offers no closing to a handler whose client cannot come back', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-06-18' });
    expect(textOf(await client.call('close_stream', { ms: 0 }))).to.equal('not closable');
  });

  it('closes the GET stream on purpose', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.get();
    expect(textOf(await client.call('close_get_stream'))).to.equal('closed');
    expect(await stream.ended).to.equal('end');
    await client.call('broadcast', { texts: ['later'] });
    const resumed = (await client.get({}, stream.lastEventId)).stream;
    await resumed.message((message) => dataOf(message) === 'later');
  });

  it('keeps a stream of one session away from another session', async () => {
    const owner = await connectedClient(gateway());
    const other = await connectedClient(gateway());
    const { stream } = await owner.openCall('slow', { ms: 500 });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    const response = await other.get({}, stream.lastEventId);
    await stream.ended;
    const stolen = response.isEventStream ? response.stream.messages.filter(({ result }) => result) : [];
    expect(stolen).to.deep.equal([]);
    expect(textOf(stream.messages.at(-1)!)).to.equal('waited 500');
  });

  it('gives HTTP clients without a session nothing to resume', async () => {
    const client = rawClient(gateway());
    await expectRejection(await client.get({}, '1.get'), 400);
  });
});

/** Breaks the connection and waits until the gateway has noticed. */
async function breakOff(gateway: Gateway, kind: StreamKind, stream: SseReader): Promise<void> {
  const closed = once(gateway.events, 'stream-closed', (closing) => closing.kind === kind);
  stream.destroy();
  await closed;
}
