/** Sessions that find all workers in use: who is served when, who gives up a worker, and how long they wait. */
import { expect } from 'chai';
import type { Session } from '../../../src/session/session.js';
import { collect } from '../../support/events.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, initialize, SECOND, world } from '../../support/fake-sessions.js';
import type { FakeWorker } from '../../support/fake-worker.js';

const KNOWN_WAIT_MS = 45 * SECOND;
const NEW_WAIT_MS = 10 * SECOND;
const cancels = (requestId: number) => ({
  kind: 'notification' as const,
  method: 'notifications/cancelled',
  cancels: { requestId, reason: 'not needed any more' },
  body: '{}',
});

describe('Sessions that wait for a worker', () => {
  it('are served in the order in which they came, each by a worker of its own', async () => {
    const { ask, open, pool, starter, clock } = fullHouse({ maxThreads: 1 });
    const sessions = Array.from({ length: 20 }, open);
    const served: number[] = [];
    const connections = sessions.map((session) => ask(session, 1));
    await clock.advance(0);
    expect(pool.waiters).to.equal(19);
    for (let turn = 0; turn < 20; turn += 1) {
      const worker = starter.started.at(-1)!;
      served.push(sessions.findIndex(({ id }) => id === worker.sessionId));
      worker.answers(1);
      await clock.advance(1);
    }
    expect(served).to.deep.equal(sessions.map((_, index) => index));
    expect(starter.started).to.have.length(20);
    expect(connections.map(({ bodies }) => bodies.length)).to.deep.equal(sessions.map(() => 1));
    expect(pool.waiters).to.equal(0);
  });

  it('are all served, also a burst of many over few workers', async () => {
    const { ask, open, pool, starter, clock } = fullHouse({ maxThreads: 4, maxSessions: 200 });
    const connections = Array.from({ length: 200 }, () => ask(open(), 1));
    await clock.advance(0);
    expect(pool.states().claimed).to.equal(4);
    const answered = new Set<FakeWorker>();
    while (answered.size < 200) {
      const before = answered.size;
      for (const worker of starter.started) {
        if (answered.has(worker) || worker.state !== 'claimed') continue;
        answered.add(worker);
        worker.answers(1);
      }
      expect(pool.states().claimed).to.be.at.most(4);
      await clock.advance(1);
      expect(answered.size, 'served in this round').to.be.above(before);
    }
    expect(connections.every(({ bodies }) => bodies.length === 1)).to.equal(true);
    expect(pool.waiters).to.equal(0);
  });

  it('come before spares, which are started once their first calls may be answered', async () => {
    const { ask, open, starter, clock } = world({ maxThreads: 6, spareThreads: 2 });
    const sessions = [open(), open()];
    for (const session of sessions) ask(session, 1);
    await clock.advance(49);
    expect(starter.started.map(({ state }) => state)).to.deep.equal(['claimed', 'claimed']);
    await clock.advance(1);
    expect(starter.started.map(({ state }) => state)).to.deep.equal(['claimed', 'claimed', 'spare', 'spare']);
  });

  it('get theirs when another session ends', async () => {
    const { ask, awake, open, pool, clock, events } = fullHouse({ maxThreads: 2 });
    const [first, second] = [await awake(), await awake()];
    for (const { session } of [first, second]) ask(session, 2);
    const third = open();
    const claims = collect(events, 'thread-claimed');
    ask(third, 1);
    await clock.advance(0);
    expect(pool.waiters).to.equal(1);
    await first.session.end('delete');
    await clock.advance(0);
    expect(claims.map(({ kind }) => kind)).to.deep.equal(['queued']);
    expect(third.state).to.equal('awake');
  });

  it('are refused once they have waited too long, and not before; what waited is not run later', async () => {
    const { ask, busy, asleep, pool, starter, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { worker } = await busy();
    const refused = ask(waiter, 2);
    await clock.advance(KNOWN_WAIT_MS - 10);
    expect(refused.bodies).to.deep.equal([]);
    expect(pool.longestWaitMs).to.be.within(KNOWN_WAIT_MS - 20, KNOWN_WAIT_MS);
    await clock.advance(20);
    const { error } = JSON.parse(refused.bodies[0]!);
    expect(error.code).to.equal(-32000);
    expect(error.message).to.match(/within 45 s: all 1 are in use/);
    expect([waiter.state, pool.waiters, pool.longestWaitMs]).to.deep.equal(['asleep', 0, 0]);
    worker.answers(2);
    const served = ask(waiter, 3);
    await clock.advance(SECOND);
    starter.started.at(-1)!.answers(3);
    expect(served.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":3,"result":{}}']);
    expect(starter.started.at(-1)!.read.filter((body) => body.includes('"id":2'))).to.deep.equal([]);
  });

  it('are refused sooner when they are new: their client hears it before it gives up, and tries again', async () => {
    const { busy, open, reasons, clock } = fullHouse({ maxThreads: 1 });
    await busy();
    const session = open();
    const connection = new Connection();
    session.initialize(initialize(), session.context, connection);
    await clock.advance(NEW_WAIT_MS - 10);
    expect(connection.failure).to.equal(undefined);
    await clock.advance(20);
    expect(connection.failure?.outcome).to.equal('no_capacity');
    expect(connection.failure?.body).to.match(/within 10 s: all 1 are in use/);
    expect([connection.bodies, reasons()]).to.deep.equal([[], ['no_thread']]);
  });

  it('leave the queue when they end', async () => {
    const { ask, asleep, busy, pool, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    await busy();
    const waiting = ask(waiter, 2);
    await clock.advance(0);
    expect(pool.waiters).to.equal(1);
    await waiter.end('delete');
    expect(waiting.bodies[0]).to.contain('the session ends');
    expect(pool.waiters).to.equal(0);
  });
});

describe('Room for a session that waits', () => {
  it('is made by the session that has had nothing to do for longest', async () => {
    const { ask, awake, open, events, clock } = fullHouse({ maxThreads: 3 });
    const all = [await awake(), await awake(), await awake()];
    for (const index of [1, 0, 2]) {
      await clock.advance(SECOND);
      ask(all[index]!.session, 2);
      all[index]!.worker.answers(2);
    }
    const sleeps = collect(events, 'session-sleeps');
    const states = () => all.map(({ session }) => session.state);
    ask(open(), 1);
    await clock.advance(0);
    expect(sleeps.map(({ reason }) => reason)).to.deep.equal(['pressure']);
    expect(states()).to.deep.equal(['awake', 'asleep', 'awake']);
    ask(all[1]!.session, 3);
    await clock.advance(0);
    expect(states()).to.deep.equal(['asleep', 'awake', 'awake']);
  });

  it('is not made by sessions that work: it waits until one has finished', async () => {
    const { ask, asleep, busy, pool, events, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { session, worker, connection } = await busy();
    const sleeps = collect(events, 'session-sleeps');
    ask(waiter, 2);
    await clock.advance(30 * SECOND);
    expect([sleeps.length, pool.waiters, connection.bodies.length]).to.deep.equal([0, 1, 0]);
    worker.answers(2);
    await clock.advance(0);
    expect(connection.bodies).to.have.length(1);
    expect(sleeps.map(({ context }) => context)).to.deep.equal([session.context]);
    expect([waiter.state, pool.waiters]).to.deep.equal(['awake', 0]);
  });

  it('is not made any more once the call that woke it is cancelled', async () => {
    const { ask, asleep, busy, pool, events, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { session, worker } = await busy();
    const cancelled = ask(waiter, 2);
    await clock.advance(0);
    waiter.notify(cancels(2));
    expect(cancelled.bodies[0]).to.contain('The request was cancelled');
    expect([waiter.state, pool.waiters]).to.deep.equal(['asleep', 0]);
    const sleeps = collect(events, 'session-sleeps');
    const claims = collect(events, 'thread-claimed');
    worker.answers(2);
    await clock.advance(SECOND);
    expect([session.state, sleeps, claims]).to.deep.equal(['awake', [], []]);
  });

  it('is made for the next call after one that was cancelled while it waited', async () => {
    const { ask, asleep, busy, pool, starter, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { worker } = await busy();
    ask(waiter, 2);
    await clock.advance(0);
    waiter.notify(cancels(2));
    const served = ask(waiter, 3);
    await clock.advance(0);
    expect([waiter.state, pool.waiters]).to.deep.equal(['waking', 1]);
    worker.answers(2);
    await clock.advance(0);
    starter.started.at(-1)!.answers(3);
    expect(served.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":3,"result":{}}']);
  });

  it('is made for what else waits beside a call that is cancelled', async () => {
    const { ask, asleep, busy, starter, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { worker } = await busy();
    const served = ask(waiter, 2);
    ask(waiter, 3);
    await clock.advance(0);
    waiter.notify(cancels(3));
    expect(waiter.state).to.equal('waking');
    worker.answers(2);
    await clock.advance(0);
    starter.started.at(-1)!.answers(2);
    expect(served.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":2,"result":{}}']);
  });

  it('is made once a cancelled handler has settled', async () => {
    const { ask, asleep, busy, clock } = fullHouse({ maxThreads: 1 });
    const waiter = await asleep();
    const { session, worker } = await busy();
    worker.heeds = false;
    session.notify(cancels(2));
    ask(waiter, 2);
    await clock.advance(SECOND);
    expect([session.state, waiter.state]).to.deep.equal(['awake', 'waking']);
    worker.settles(2);
    await clock.advance(SECOND / 2);
    expect([session.state, waiter.state]).to.deep.equal(['asleep', 'awake']);
  });
});

describe('Spares', () => {
  it('are replaced a moment after a session has claimed one', async () => {
    const { ask, open, pool, clock } = fullHouse({ maxThreads: 8, spareThreads: 1 });
    pool.fill();
    await settle();
    for (let claimed = 1; claimed <= 3; claimed += 1) {
      expect(pool.states().spare).to.equal(1);
      ask(open(), 1);
      await clock.advance(60);
      expect(pool.states().claimed).to.equal(claimed);
    }
  });
});

/** No session falls asleep by itself. */
function fullHouse(given: Parameters<typeof world>[0]) {
  const house = world({ sleepAfterMs: 0, maxSessions: 30, ...given });
  /** A session that has been served, and whose worker has gone to another one. */
  const asleep = async (): Promise<Session> => {
    const { session } = await house.awake();
    session.sleep('pressure');
    await settle();
    return session;
  };
  /** A session with a call that does not end by itself; the call's id is 2. */
  const busy = async () => {
    const { session, worker } = await house.awake();
    return { session, worker, connection: house.ask(session, 2) };
  };
  return { ...house, asleep, busy };
}
