/** Sessions over workers in this process and a clock that stands still: the effects of time and of deaths. */
import { expect } from 'chai';
import { collect } from '../../support/events.js';
import { settle } from '../../support/fake-clock.js';
import { CANCEL_GRACE_MS, Connection, call, OPTIONS, SECOND, world } from '../../support/fake-sessions.js';

describe('A session without work', () => {
  it('falls asleep after sleep-after, and not before; the next call gets it a fresh worker', async () => {
    const { clock, starter, ask, awake } = world();
    const { session, worker } = await awake();
    await clock.advance(OPTIONS.sleepAfterMs - 10);
    expect(session.state).to.equal('awake');
    await clock.advance(20);
    expect([session.state, worker.state]).to.deep.equal(['asleep', 'gone']);
    const connection = ask(session, 2);
    await settle();
    expect(session.state).to.equal('awake');
    expect(starter.started).to.have.length(2);
    starter.started[1]!.answers(2);
    expect(connection.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":2,"result":{}}']);
  });

  it('never falls asleep where sleep-after is 0', async () => {
    const { clock, awake } = world({ sleepAfterMs: 0 });
    const { session, worker } = await awake();
    await clock.advance(OPTIONS.sessionIdleMs - SECOND);
    expect([session.state, worker.state]).to.deep.equal(['awake', 'claimed']);
  });

  it('stays awake while its worker has something that goes on, and is asked again', async () => {
    const { clock, events, awake } = world();
    const sleeps = collect(events, 'session-sleeps');
    const { session, worker } = await awake();
    worker.staysAwake = true;
    await clock.advance(OPTIONS.sleepAfterMs + 10);
    expect([session.state, sleeps.length]).to.deep.equal(['awake', 1]);
    worker.staysAwake = false;
    await clock.advance(2 * OPTIONS.sleepAfterMs);
    expect([session.state, sleeps.length]).to.deep.equal(['asleep', 2]);
  });

  it('makes room where all workers are in use and another session waits', async () => {
    const { clock, ask, awake, open, starter } = world({ maxThreads: 1 });
    const { session } = await awake();
    await clock.advance(SECOND);
    const other = open();
    ask(other, 1);
    await clock.advance(0);
    expect([session.state, other.state]).to.deep.equal(['asleep', 'awake']);
    expect(starter.started).to.have.length(2);
  });
});

describe('A session whose client is away', () => {
  it('ends after disconnect-grace when its GET stream has closed, and not before', async () => {
    const { clock, awake, reasons } = world();
    const { session } = await awake();
    const stream = new Connection();
    session.listen(stream);
    stream.closes();
    await clock.advance(OPTIONS.disconnectGraceMs - SECOND);
    expect(reasons()).to.deep.equal([]);
    await clock.advance(2 * SECOND);
    expect(reasons()).to.deep.equal(['disconnect']);
  });

  it('ends by session-idle after its last request when it never had a GET stream', async () => {
    const { clock, awake, sessions, reasons } = world();
    const { session } = await awake();
    await clock.advance(OPTIONS.sessionIdleMs - SECOND);
    expect(reasons()).to.deep.equal([]);
    await clock.advance(2 * SECOND);
    expect(reasons()).to.deep.equal(['idle']);
    expect(sessions.get(session.id)).to.equal(undefined);
  });

  it('lives beyond session-idle while a call runs, and while a GET stream is open', async () => {
    const { clock, ask, awake, sessions } = world();
    const [one, other] = [await awake(), await awake()];
    ask(one.session, 2);
    other.session.listen(new Connection());
    await clock.advance(2 * OPTIONS.sessionIdleMs);
    expect([sessions.get(one.session.id), sessions.get(other.session.id)]).to.deep.equal([
      one.session,
      other.session,
    ]);
  });

  it('ends by a fifteenth of session-idle when it was initialized and then never used', async () => {
    const { clock, opened, reasons } = world();
    await opened();
    await clock.advance(OPTIONS.sessionIdleMs / 15 - SECOND);
    expect(reasons()).to.deep.equal([]);
    await clock.advance(2 * SECOND);
    expect(reasons()).to.deep.equal(['unused']);
  });

  it('ends at session-max-age though it is in use: the call gets an error response first', async () => {
    const { clock, ask, awake, reasons } = world({ sessionMaxAgeMs: 60 * SECOND });
    const { session } = await awake();
    const connection = ask(session, 2);
    await clock.advance(62 * SECOND);
    expect(reasons()).to.deep.equal(['max_age']);
    expect(connection.bodies).to.have.length(1);
    expect(connection.bodies[0]).to.contain('the session ends (max_age)');
  });
});

describe('A session that is asleep', () => {
  it('ends at session-max-age, and no worker is started for that', async () => {
    const { clock, awake, reasons, starter } = world({ sessionMaxAgeMs: 60 * SECOND });
    const { session } = await awake();
    await clock.advance(59 * SECOND);
    expect([session.state, reasons()]).to.deep.equal(['asleep', []]);
    await clock.advance(3 * SECOND);
    expect(reasons()).to.deep.equal(['max_age']);
    expect(starter.started).to.have.length(1);
  });
});

describe('A cancelled call', () => {
  const cancels = (requestId: number) => ({
    kind: 'notification' as const,
    method: 'notifications/cancelled',
    cancels: { requestId, reason: 'asked for' },
    body: '{}',
  });

  it('leaves the worker of a handler that heeds its signal alone, also past cancel-grace', async () => {
    const { clock, ask, awake } = world();
    const { session, worker } = await awake();
    ask(session, 2);
    session.notify(cancels(2));
    await clock.advance(2 * CANCEL_GRACE_MS);
    expect(worker.aborted).to.deep.equal([2]);
    expect(worker.state).to.equal('claimed');
  });

  it('costs the worker of one that ignores it its life after cancel-grace, and not before', async () => {
    const { clock, ask, awake } = world();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    session.notify(cancels(2));
    await clock.advance(CANCEL_GRACE_MS - 10);
    expect(worker.state).to.equal('claimed');
    await clock.advance(20);
    expect(worker.state).to.equal('gone');
    expect(session.state).to.equal('asleep');
  });

  it('costs nothing where its handler has settled meanwhile', async () => {
    const { clock, ask, awake } = world();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    ask(session, 3);
    session.notify(cancels(2));
    await clock.advance(2 * CANCEL_GRACE_MS);
    worker.settles(2);
    worker.answers(3);
    await clock.advance(3 * CANCEL_GRACE_MS);
    expect(worker.state).to.equal('claimed');
  });

  it('waits with the kill until the other call of the session has finished', async () => {
    const { clock, ask, awake } = world();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    const other = ask(session, 3);
    session.notify(cancels(2));
    await clock.advance(3 * CANCEL_GRACE_MS);
    expect(worker.state).to.equal('claimed');
    worker.answers(3);
    await settle();
    expect(other.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":3,"result":{}}']);
    expect(worker.state).to.equal('gone');
  });

  it('keeps its id until its handler has settled, so that none escapes the kill', async () => {
    const { ask, awake } = world();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    session.notify(cancels(2));
    expect(ask(session, 2).bodies[0]).to.contain('in flight already');
    worker.settles(2);
    expect(ask(session, 2).bodies).to.deep.equal([]);
  });

  it('is not waited for where the worker has begun to spin, though another call runs', async () => {
    const { clock, ask, awake } = world();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    ask(session, 3);
    session.notify(cancels(2));
    await clock.advance(3 * CANCEL_GRACE_MS);
    expect(worker.state).to.equal('claimed');
    worker.spins = true;
    await clock.advance(2 * CANCEL_GRACE_MS + 10);
    expect(worker.state).to.equal('gone');
  });
});

describe("A worker's death", () => {
  const CRASH = { cause: 'crash', message: 'it crashed' } as const;

  it('is told to the calls that it had read; what it had not goes to the next, in order', async () => {
    const { ask, awake, starter } = world();
    const { session, worker } = await awake();
    const lost = ask(session, 2);
    worker.reads = false;
    const [first, second] = [ask(session, 3), ask(session, 4)];
    worker.dies(CRASH);
    expect(lost.bodies[0]).to.contain('it crashed');
    await settle();
    const next = starter.started[1]!;
    expect(next.read).to.deep.equal([call(3).body, call(4).body]);
    next.answers(3);
    next.answers(4);
    expect([first.bodies.length, second.bodies.length]).to.deep.equal([1, 1]);
  });

  it('ends the session where it comes more than 3 times within a minute', async () => {
    const { ask, awake, starter, sessions } = world();
    const { session } = await awake();
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      expect(sessions.get(session.id)).to.equal(session);
      ask(session, deaths + 1);
      await settle();
      starter.started.at(-1)!.dies(CRASH);
      await settle();
    }
    expect(sessions.get(session.id)).to.equal(undefined);
  });

  it('does not count for that when the minutes between them are many', async () => {
    const { clock, ask, awake, starter, sessions } = world();
    const { session } = await awake();
    for (let deaths = 1; deaths <= 6; deaths += 1) {
      ask(session, deaths + 1);
      await settle();
      starter.started.at(-1)!.dies(CRASH);
      await clock.advance(30 * SECOND);
    }
    expect(sessions.get(session.id)).to.equal(session);
  });
});
