/** What a client receives on a stream: one JSON body, or events. */
import { expect } from 'chai';
import { RETRY_MS } from '../../../src/delivery/message-stream.js';
import type { StartFailure } from '../../../src/delivery/start-failure.js';
import { Connection, SSE_AFTER_MS, standalone, world } from '../../support/fake-stream.js';

const FAILURE: StartFailure = { outcome: 'failed', body: 'why it failed' };

describe('A response stream', () => {
  it('is one JSON body where the response is its first message', async () => {
    const { clock, owner, connection, stream } = world();
    stream.send('answer', 7, 6);
    expect(connection.done).to.deep.equal(['json answer']);
    expect([stream.finished, stream.streaming, stream.connected]).to.deep.equal([true, false, false]);
    expect([owner.ends, owner.opens, owner.flushedChars]).to.deep.equal([1, 0, 6]);
    await clock.advance(2 * SSE_AFTER_MS);
    expect(connection.done, 'it never turns to SSE').to.have.length(1);
  });

  it('is an SSE stream where another message comes first, and ends with the response', () => {
    const { owner, connection, stream } = world();
    stream.send('progress', undefined, 8);
    stream.send('answer', 7, 6);
    expect(connection.done).to.deep.equal([
      `open 1.1.Wzdd retry ${RETRY_MS}`,
      '2.1.Wzdd progress',
      '3.1.Wzdd answer',
      'end',
    ]);
    expect([stream.finished, owner.opens, owner.ends, owner.flushedChars]).to.deep.equal([true, 1, 1, 14]);
  });

  it('turns to SSE by itself after sse-after', async () => {
    const { clock, connection, stream } = world();
    await clock.advance(SSE_AFTER_MS - 1);
    expect(connection.done).to.deep.equal([]);
    await clock.advance(1);
    expect(connection.done).to.deep.equal([`open 1.1.Wzdd retry ${RETRY_MS}`]);
    expect(stream.streaming).to.equal(true);
  });

  it('waits for the status of its session, however long that takes', async () => {
    const { clock, connection, stream } = world({ mayStream: false });
    await clock.advance(10 * SSE_AFTER_MS);
    expect(connection.done).to.deep.equal([]);
    stream.mayStream();
    await clock.advance(SSE_AFTER_MS);
    expect(connection.done).to.have.length(1);
  });

  it('waits for a status no longer than it is told to', async () => {
    const { clock, connection, stream } = world({ mayStream: false, patienceMs: 3 * SSE_AFTER_MS });
    await clock.advance(3 * SSE_AFTER_MS - 1);
    expect(connection.done).to.deep.equal([]);
    await clock.advance(1);
    expect(connection.done).to.have.length(1);
    stream.mayStream();
    await clock.advance(SSE_AFTER_MS);
    expect(connection.done).to.have.length(1);
  });

  it('waits as long as usual from when it may become SSE', async () => {
    const { clock, connection, stream } = world({ mayStream: false, patienceMs: 3 * SSE_AFTER_MS });
    await clock.advance(3 * SSE_AFTER_MS - 1);
    stream.mayStream();
    await clock.advance(SSE_AFTER_MS - 1);
    expect(connection.done).to.deep.equal([]);
    await clock.advance(1);
    expect(connection.done).to.have.length(1);
  });

  it('fails with a status as long as none has been sent', async () => {
    const { clock, owner, connection, stream } = world();
    stream.fail(FAILURE, 7);
    stream.mayStream();
    await clock.advance(2 * SSE_AFTER_MS);
    expect(connection.done).to.deep.equal(['fail why it failed']);
    expect([stream.finished, owner.ends]).to.deep.equal([true, 1]);
  });

  it('fails with the response once it is SSE', async () => {
    const { clock, connection, stream } = world();
    await clock.advance(SSE_AFTER_MS);
    stream.fail(FAILURE, 7);
    expect(connection.done.slice(1)).to.deep.equal(['2.1.Wzdd why it failed', 'end']);
  });

  it('has no priming event for clients of versions before 2025-11-25, which cannot parse one', () => {
    const { connection, stream } = world({ protocolVersion: '2025-06-18' });
    stream.send('progress', undefined, 0);
    expect(connection.done).to.deep.equal([`open - retry ${RETRY_MS}`, '1.1.Wzdd progress']);
  });

  it('has no event ids where nothing is logged', () => {
    const { connection, stream } = world({ logged: false, kind: 'legacy', requestIds: [] });
    stream.send('message', undefined, 0);
    expect(connection.done).to.deep.equal([`open - retry ${RETRY_MS}`, '- message']);
  });

  it('carries nothing once it has ended, and the worker gets its credit for what still comes', () => {
    const { owner, connection, stream } = world();
    stream.send('answer', 7, 6);
    stream.send('late', undefined, 4);
    expect(connection.done).to.deep.equal(['json answer']);
    expect(owner.flushedChars).to.equal(10);
  });

  it('is counted among the open streams while it is SSE and connected', () => {
    const { owner, connection, stream } = world();
    const { streams } = owner.totals;
    expect(streams.post).to.equal(0);
    stream.send('progress', undefined, 0);
    expect(streams.post).to.equal(1);
    connection.close();
    expect(streams.post).to.equal(0);
    stream.attach(new Connection(), [], 1);
    expect(streams.post).to.equal(1);
    stream.end();
    expect(streams).to.deep.equal({ post: 0, get: 0, legacy: 0, listen: 0 });
  });
});

describe('The response stream of a batch', () => {
  const BATCH = { requestIds: [1, 2, 3], batch: true, protocolVersion: '2025-03-26' };

  it('is one JSON array, in the order of the responses, though the credit for each comes at once', () => {
    const { owner, connection, stream } = world(BATCH);
    stream.send('"two"', 2, 5);
    stream.send('"one"', 1, 5);
    expect([connection.done.length, owner.flushedChars]).to.deep.equal([0, 10]);
    stream.send('"three"', 3, 7);
    expect(connection.done).to.deep.equal(['json ["two","one","three"]']);
    expect([stream.finished, owner.flushedChars]).to.deep.equal([true, 17]);
  });

  it('is an array for one request too', () => {
    const { connection, stream } = world({ ...BATCH, requestIds: [1] });
    stream.send('"one"', 1, 5);
    expect(connection.done).to.deep.equal(['json ["one"]']);
  });

  it('sends the responses that it has held first when it turns to SSE, and ends after the last', async () => {
    const { clock, connection, stream } = world(BATCH);
    stream.send('one', 1, 3);
    await clock.advance(SSE_AFTER_MS);
    stream.send('two', 2, 3);
    stream.send('three', 3, 5);
    expect(connection.done.map((done) => done.split(' ')[1])).to.deep.equal([
      '-',
      'one',
      'two',
      'three',
      undefined,
    ]);
    expect(stream.finished).to.equal(true);
  });

  it('keeps the responses that it has held in the log when its connection is lost', () => {
    const { log, connection, stream } = world(BATCH);
    stream.send('one', 1, 3);
    connection.close();
    stream.send('two', 2, 3);
    expect(log.undelivered('1').map(({ body }) => body)).to.deep.equal(['one', 'two']);
  });
});

describe("The gateway's own message on a stream", () => {
  it('reaches who is connected now, and is not kept', () => {
    const { log, connection, stream } = standalone();
    stream.tell('ping');
    connection.close();
    stream.tell('ping again');
    expect(connection.done).to.deep.equal(['- ping']);
    expect(log.undelivered('get')).to.deep.equal([]);
  });

  it('does not open a stream that may still be one JSON body', () => {
    const { connection, stream } = world();
    stream.tell('ping');
    expect(connection.done).to.deep.equal([]);
  });
});
