/** A stream whose client reads slowly, goes, or comes back. */
import { expect } from 'chai';
import { RETRY_MS } from '../../../src/delivery/message-stream.js';
import { Connection, SSE_AFTER_MS, standalone, world } from '../../support/fake-stream.js';

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
