import { expect } from 'chai';
import { EventLog, type EventLogLimits } from '../../src/delivery/event-log.js';
import { EventLogBudget } from '../../src/delivery/event-log-budget.js';

const ROOMY: EventLogLimits = { events: 100, bytes: 10_000 };
const MINUTE_MS = 60_000;
const bodies = (events: readonly { body: string }[] | undefined) => events?.map(({ body }) => body);

describe('The event log', () => {
  it('gives every event of the session a sequence number of its own, that only grows', () => {
    const { log } = makeLog();
    const numbers = [log.append('get', 'a').sequence, log.nextSequence(), log.append('p1', 'b').sequence];
    expect(numbers).to.deep.equal([...new Set(numbers)].sort((one, other) => one - other));
  });

  it('replays what a stream carried after the cursor, in order, and nothing of another stream', () => {
    const { log } = makeLog();
    const first = log.append('p1', 'one');
    log.append('get', 'elsewhere');
    log.append('p1', 'two');
    log.append('p1', 'three');
    const replay = log.replay('p1', first.sequence);
    expect(bodies(replay?.events)).to.deep.equal(['two', 'three']);
    expect(replay).to.include({ lost: false, finished: false });
  });

  it('replays nothing to a client that has everything', () => {
    const { log } = makeLog();
    const { sequence } = log.append('p1', 'one');
    expect(log.replay('p1', sequence)).to.deep.equal({
      events: [],
      lost: false,
      lastLost: 0,
      finished: false,
    });
  });

  it('knows nothing of a stream that never carried anything', () => {
    const { log } = makeLog();
    log.finish('p9');
    expect(log.replay('p9', 0)).to.equal(undefined);
    expect(log.replay('p8', 0)).to.equal(undefined);
  });

  it('tells that a stream has carried its last response', () => {
    const { log } = makeLog();
    log.append('p1', 'answer');
    log.finish('p1');
    expect(log.replay('p1', 0)).to.include({ finished: true });
  });

  it('tells what no connection has been written yet', () => {
    const { log } = makeLog();
    log.delivered(log.append('get', 'written'));
    log.append('get', 'waiting');
    log.append('p1', 'of another stream');
    expect(bodies(log.undelivered('get'))).to.deep.equal(['waiting']);
  });
});

describe("The event log's bounds", () => {
  it('drops the oldest events over the number of events, and tells a client behind them that it lost some', () => {
    const { log } = makeLog({ events: 2, bytes: 10_000 });
    const [first, second] = [log.append('p1', 'one'), log.append('p1', 'two')];
    log.append('p1', 'three');
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['two', 'three']);
    expect(log.replay('p1', 0)).to.include({ lost: true });
    // A client that had received the dropped event has lost nothing.
    expect(log.replay('p1', first.sequence)).to.include({ lost: false });
    expect(log.replay('p1', second.sequence)).to.include({ lost: false });
  });

  it('drops the oldest events over the number of bytes, counted as two for each character', () => {
    const { log, budget } = makeLog({ events: 100, bytes: 100 });
    for (const body of ['a', 'b', 'c']) log.append('p1', body.repeat(20));
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['b'.repeat(20), 'c'.repeat(20)]);
    expect(budget.usedBytes).to.equal(80);
  });

  it('does not keep an event that is larger than the whole log', () => {
    const { log, budget, dropped } = makeLog({ events: 100, bytes: 100 });
    const { sequence } = log.append('p1', 'x'.repeat(51));
    const replay = { events: [], lost: true, lastLost: sequence, finished: false };
    expect(log.replay('p1', 0)).to.deep.equal(replay);
    expect(budget.usedBytes).to.equal(0);
    expect(dropped).to.deep.equal([1]);
  });

  it('tells how many of the dropped events no client was ever sent', () => {
    const { log, dropped } = makeLog({ events: 2, bytes: 10_000 });
    log.delivered(log.append('get', 'written'));
    log.append('get', 'waiting');
    log.append('get', 'three');
    expect(dropped).to.deep.equal([]);
    log.append('get', 'four');
    expect(dropped).to.deep.equal([1]);
  });

  it('tells once of what no connection was written and is gone, and not of what was written although it is gone', () => {
    const { log } = makeLog({ events: 2, bytes: 100 });
    log.delivered(log.append('get', 'x'.repeat(51)));
    expect(log.takeUnheard('get')).to.equal(0);
    const [first] = ['one', 'two', 'three'].map((body) => log.append('get', body));
    expect(log.takeUnheard('get')).to.equal(first?.sequence);
    expect(log.takeUnheard('get')).to.equal(0);
  });

  it('gives way in the session that is adding when all sessions together are over their budget', () => {
    const budget = new EventLogBudget(100);
    const quiet = makeLog(ROOMY, budget).log;
    const loud = makeLog(ROOMY, budget).log;
    quiet.append('get', 'q'.repeat(20));
    for (const body of ['a', 'b', 'c']) loud.append('get', body.repeat(20));
    expect(bodies(quiet.replay('get', 0)?.events)).to.deep.equal(['q'.repeat(20)]);
    expect(bodies(loud.replay('get', 0)?.events)).to.deep.equal(['c'.repeat(20)]);
    expect(budget.usedBytes).to.equal(80);
  });

  it('drops what was written to a connection before what no client was sent, however old that is', () => {
    const { log, dropped } = makeLog({ events: 4, bytes: 10_000 });
    log.append('get', 'waiting');
    for (const body of ['a', 'b', 'c', 'd', 'e']) log.delivered(log.append('p1', body));
    expect(bodies(log.undelivered('get'))).to.deep.equal(['waiting']);
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['c', 'd', 'e']);
    expect(dropped).to.deep.equal([]);
  });

  it('keeps a sixteenth for what was written, so that a stream can be resumed although nobody takes another', () => {
    const { log, dropped } = makeLog({ events: 16, bytes: 10_000 });
    for (let number = 0; number < 16; number += 1) log.append('get', `waiting ${number}`);
    log.delivered(log.append('p1', 'written'));
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['written']);
    expect(log.undelivered('get')).to.have.length(15);
    expect(dropped).to.deep.equal([1]);
  });

  it('replays in the order of sequence, also what was written later than younger events', () => {
    const { log } = makeLog();
    const [first, second] = [log.append('p1', 'one'), log.append('p1', 'two')];
    log.delivered(second);
    log.delivered(first);
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['one', 'two']);
  });

  it('takes from the largest hoard first when all sessions together are over their budget', () => {
    const budget = new EventLogBudget(200_000);
    const limits = { events: 1_000, bytes: 1_000_000 };
    const hoards = Array.from({ length: 3 }, () => makeLog(limits, budget));
    for (const { log } of hoards)
      for (let number = 0; number < 6; number += 1) log.append('get', 'h'.repeat(5_000));
    const quiet = makeLog(limits, budget);
    for (let number = 0; number < 40; number += 1) quiet.log.append('get', 'q'.repeat(500));
    expect(quiet.log.undelivered('get')).to.have.length(40);
    expect(quiet.dropped).to.deep.equal([]);
    expect(hoards.flatMap(({ dropped }) => dropped).length).to.be.greaterThan(0);
    expect(budget.usedBytes).to.be.at.most(200_000);
  });

  it('gives its share of the budget back when the session ends', () => {
    const { log, budget } = makeLog();
    log.append('get', 'something');
    log.append('p1', 'more');
    log.clear();
    expect(budget.usedBytes).to.equal(0);
    expect(log.replay('get', 0)).to.equal(undefined);
    expect(log.undelivered('get')).to.deep.equal([]);
  });

  it('forgets what was written to a connection more than five minutes ago, and never what waits', () => {
    const { log } = makeLog();
    log.append('get', 'waiting');
    const written = log.append('p1', 'written');
    log.delivered(written);
    log.append('p1', 'waits too');
    log.prune(written.deliveredMs + 4 * MINUTE_MS);
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['written', 'waits too']);
    log.prune(written.deliveredMs + 6 * MINUTE_MS);
    expect(bodies(log.replay('p1', 0)?.events)).to.deep.equal(['waits too']);
    expect(bodies(log.undelivered('get'))).to.deep.equal(['waiting']);
  });

  it('forgets a finished stream with its last event, so that many short calls leave nothing behind', () => {
    const { log } = makeLog({ events: 2, bytes: 10_000 });
    for (const stream of ['p1', 'p2', 'p3']) {
      log.append(stream, 'answer');
      log.finish(stream);
    }
    expect(log.replay('p1', 0)).to.equal(undefined);
    expect(bodies(log.replay('p3', 0)?.events)).to.deep.equal(['answer']);
  });
});

function makeLog(limits = ROOMY, budget = new EventLogBudget(1_000_000)) {
  const dropped: number[] = [];
  const log = new EventLog(limits, budget, { onDropped: (events) => void dropped.push(events) });
  return { log, budget, dropped };
}
