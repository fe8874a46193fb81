/** One stream to a client, with a real event log, over connections that do what the test says. */
import { expect } from 'chai';
import { EventLog } from '../../../src/delivery/event-log.js';
import { EventLogBudget } from '../../../src/delivery/event-log-budget.js';
import {
  MessageStream,
  RETRY_MS,
  type StreamOwner,
  type StreamPurpose,
} from '../../../src/delivery/message-stream.js';
import type { StreamLoss } from '../../../src/delivery/outbox.js';
import type { StartFailure } from '../../../src/delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../../src/delivery/stream-connection.js';
import { StreamTotals } from '../../../src/delivery/stream-totals.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

const SSE_AFTER_MS = 1_000;
const FAILURE: StartFailure = { outcome: 'failed', body: 'why it failed' };

class Connection implements StreamConnection {
  owner: ConnectionOwner | undefined;
  /** What was done with it, in order. */
  readonly done: string[] = [];
  /** Whether what is written leaves at once. */
  flows = true;

  answer(body: string): boolean {
    this.done.push(`json ${body}`);
    return this.flows;
  }

  fail(failure: StartFailure): void {
    this.done.push(`fail ${failure.body}`);
  }

  nothing(): void {
    this.done.push('nothing');
  }

  open(primingId: string | undefined, retryMs: number): void {
    this.done.push(`open ${primingId ?? '-'} retry ${retryMs}`);
  }

  write(id: string | undefined, body: string): boolean {
    this.done.push(`${id ?? '-'} ${body}`);
    return this.flows;
  }

  end(): boolean {
    this.done.push('end');
    return this.flows;
  }

  drain(): void {
    this.flows = true;
    this.owner?.onDrain(this);
  }

  close(): void {
    this.owner?.onClose(this);
  }
}

class Owner implements StreamOwner {
  readonly retryMs = RETRY_MS;
  readonly log: EventLog | undefined;
  readonly protocolVersion: string;
  readonly totals = new StreamTotals();
  readonly sseAfterMs = SSE_AFTER_MS;
  flushedChars = 0;
  opens = 0;
  ends = 0;
  readonly losses: StreamLoss[] = [];

  constructor(protocolVersion: string, log: EventLog | undefined) {
    this.protocolVersion = protocolVersion;
    this.log = log;
  }

  flushed(_stream: MessageStream, chars: number): void {
    this.flushedChars += chars;
  }

  opened(): void {
    this.opens += 1;
  }

  lost(_stream: MessageStream, loss: StreamLoss): void {
    this.losses.push(loss);
  }

  finished(): void {
    this.ends += 1;
  }
}

interface Given extends Partial<StreamPurpose> {
  readonly protocolVersion?: string;
  /** Whether events are logged; the legacy transport has no log. */
  readonly logged?: boolean;
}

/** A POST of request 7, unless said otherwise. */
function world({ protocolVersion = '2025-11-25', logged = true, ...purpose }: Given = {}) {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const log = new EventLog({ events: 100, bytes: 10_000 }, new EventLogBudget(100_000), { onDropped() {} });
  afterThisTest(() => log.clear());
  const owner = new Owner(protocolVersion, logged ? log : undefined);
  const connection = new Connection();
  const stream = new MessageStream(
    owner,
    { kind: 'post', key: '1', requestIds: [7], mayStream: true, batch: false, ...purpose },
    connection,
  );
  return { clock, log, owner, connection, stream };
}

/** The standalone stream, open. */
function standalone(given: Given = {}) {
  const made = world({ kind: 'get', key: 'get', requestIds: [], mayStream: false, ...given });
  made.stream.attach(made.connection, [], undefined);
  made.connection.done.length = 0;
  return made;
}

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

describe('A client that reads slowly', () => {
  it('holds back the credit until what was written has left', () => {
    const { owner, connection, stream } = standalone();
    connection.flows = false;
    stream.send('one', undefined, 3);
    stream.send('two', undefined, 3);
    expect([owner.flushedChars, stream.bufferedChars, owner.totals.bufferedChars]).to.deep.equal([0, 6, 6]);
    connection.drain();
    expect([owner.flushedChars, stream.bufferedChars, owner.totals.bufferedChars]).to.deep.equal([6, 0, 0]);
    stream.send('three', undefined, 5);
    expect(owner.flushedChars).to.equal(11);
  });

  it('holds back the credit of what fits again while earlier bytes have not left', () => {
    const { owner, connection, stream } = standalone();
    connection.flows = false;
    stream.send('one', undefined, 3);
    connection.flows = true;
    stream.send('two', undefined, 3);
    expect(owner.flushedChars).to.equal(0);
    connection.drain();
    expect(owner.flushedChars).to.equal(6);
  });

  it('holds back the credit of a JSON body, whose stream has ended already', () => {
    const { owner, connection, stream } = world();
    connection.flows = false;
    stream.send('answer', 7, 6);
    expect([stream.finished, owner.flushedChars, owner.totals.bufferedChars]).to.deep.equal([true, 0, 6]);
    connection.drain();
    expect([owner.flushedChars, owner.totals.bufferedChars]).to.deep.equal([6, 0]);
  });

  it('holds back the credit of the last event until the response has left', () => {
    const { owner, connection, stream } = world();
    stream.send('progress', undefined, 8);
    connection.flows = false;
    stream.send('answer', 7, 6);
    expect([stream.finished, owner.flushedChars]).to.deep.equal([true, 8]);
    connection.drain();
    expect(owner.flushedChars).to.equal(14);
  });

  it('gives all credit back when it goes, since the rest is in the log', () => {
    const { owner, connection, stream } = standalone();
    connection.flows = false;
    stream.send('one', undefined, 3);
    connection.close();
    stream.send('two', undefined, 3);
    expect([owner.flushedChars, owner.totals.bufferedChars]).to.deep.equal([6, 0]);
  });

  it('owes a new worker nothing for what an earlier one sent', () => {
    const { owner, connection, stream } = standalone();
    connection.flows = false;
    stream.send('one', undefined, 3);
    stream.voidCredit();
    stream.send('two', undefined, 4);
    expect(stream.bufferedChars, 'it is held all the same').to.equal(7);
    connection.drain();
    expect([owner.flushedChars, owner.totals.bufferedChars]).to.deep.equal([4, 0]);
  });
});

describe('A stream that loses its connection', () => {
  it('can be resumed where its client holds an event id', () => {
    const { owner, connection, stream } = world();
    stream.send('progress', undefined, 0);
    connection.close();
    expect(owner.losses).to.deep.equal([{ final: false, resumable: true, pauseMs: 0 }]);
    expect([stream.connected, stream.finished]).to.deep.equal([false, false]);
  });

  it('can be resumed by its priming event alone', async () => {
    const { clock, owner, connection } = world();
    await clock.advance(SSE_AFTER_MS);
    connection.close();
    expect(owner.losses[0]?.resumable).to.equal(true);
  });

  it('cannot be resumed where its client holds no event id', async () => {
    const early = world();
    early.connection.close();
    expect(early.owner.losses).to.deep.equal([{ final: false, resumable: false, pauseMs: 0 }]);
    await early.clock.advance(2 * SSE_AFTER_MS);
    expect(early.connection.done, 'nothing is written to it any more').to.deep.equal([]);
  });

  it('is lost for good in the legacy transport', () => {
    const { owner, connection } = standalone({ kind: 'legacy', key: 'legacy', logged: false });
    connection.close();
    expect(owner.losses).to.deep.equal([{ final: true, resumable: false, pauseMs: 0 }]);
  });

  it('logs what comes meanwhile, and ends with the response', () => {
    const { log, owner, connection, stream } = world();
    stream.send('progress', undefined, 0);
    connection.close();
    stream.send('more', undefined, 4);
    stream.send('answer', 7, 6);
    expect(log.undelivered('1').map(({ body }) => body)).to.deep.equal(['more', 'answer']);
    expect(log.replay('1', 2)?.finished).to.equal(true);
    expect([stream.finished, owner.ends, owner.flushedChars]).to.deep.equal([true, 1, 10]);
  });

  it('lets go of its client on purpose, who is told how long to wait, and has an event id', () => {
    const { owner, connection, stream } = world();
    stream.closeOnPurpose();
    expect(connection.done).to.deep.equal([`open 1.1.Wzdd retry ${RETRY_MS}`, 'end']);
    expect(owner.losses).to.deep.equal([{ final: false, resumable: true, pauseMs: RETRY_MS }]);
    stream.closeOnPurpose();
    expect(owner.losses, 'there is nobody to let go of').to.have.length(1);
  });
});

describe('A client that comes back to its stream', () => {
  it('gets what the log has for it, behind the id that it had, and then what comes', () => {
    const { log, connection, stream } = world();
    stream.send('one', undefined, 0);
    connection.close();
    stream.send('two', undefined, 0);
    stream.send('three', undefined, 0);
    const back = new Connection();
    stream.attach(back, log.replay('1', 2)?.events ?? [], 2);
    stream.send('answer', 7, 0);
    expect(back.done).to.deep.equal([
      `open 2.1.Wzdd retry ${RETRY_MS}`,
      '3.1.Wzdd two',
      '4.1.Wzdd three',
      '5.1.Wzdd answer',
      'end',
    ]);
    expect(log.undelivered('1')).to.deep.equal([]);
  });

  it('takes the place of the connection that it had, which says nothing of the new one', () => {
    const { owner, connection, stream } = standalone();
    const back = new Connection();
    stream.attach(back, [], undefined);
    expect(connection.done).to.deep.equal(['end']);
    back.flows = false;
    stream.send('one', undefined, 3);
    connection.drain();
    connection.close();
    expect([owner.flushedChars, owner.losses.length, stream.connected]).to.deep.equal([0, 0, true]);
    back.drain();
    expect(owner.flushedChars).to.equal(3);
  });

  it('is told of a gap where the lost events were, under the last one’s id', () => {
    const { log, stream } = standalone();
    const kept = [log.append('get', 'before'), log.append('get', 'lost'), log.append('get', 'after')];
    const back = new Connection();
    const [before, lost, after] = kept.map(({ sequence }) => sequence);
    stream.attach(back, [kept[0]!, kept[2]!], before, {
      lastLost: lost!,
      notices: ['lists changed', 'events were lost'],
    });
    expect(back.done.slice(1)).to.deep.equal([
      `${before}.get before`,
      '- lists changed',
      `${lost}.get events were lost`,
      `${after}.get after`,
    ]);
  });

  it('is told of a gap at the end where nothing came after it', () => {
    const { log, stream } = standalone();
    const { sequence } = log.append('get', 'lost');
    const back = new Connection();
    stream.attach(back, [], 0, { lastLost: sequence, notices: ['events were lost'] });
    expect(back.done.slice(1)).to.deep.equal([`${sequence}.get events were lost`]);
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
