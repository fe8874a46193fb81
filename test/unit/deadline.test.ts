import inspector from 'node:inspector';
import { expect } from 'chai';
import { Deadline, Lateness } from '../../src/shared/deadline.js';
import { FakeClock, settle } from '../support/fake-clock.js';

describe('A deadline', () => {
  let clock: FakeClock;
  let happened: string[];
  const expire = (): void => void happened.push('deadline');

  beforeEach(() => {
    clock = new FakeClock().install();
    happened = [];
  });

  afterEach(() => clock.restore());

  it('is over after its time, and not before', async () => {
    new Deadline(30, expire);
    await clock.advance(29);
    expect(happened).to.deep.equal([]);
    await clock.advance(1);
    expect(happened).to.deep.equal(['deadline']);
  });

  it('never comes once it is cleared', async () => {
    new Deadline(10, expire).clear();
    await clock.advance(40);
    expect(happened).to.deep.equal([]);
  });

  it('lets what has arrived be handled first when it is late, and can be cleared by it', async () => {
    const deadline = new Deadline(10, expire);
    clock.stall(1_100);
    // Like data on a socket: in the turn after the timers.
    setImmediate(() => setImmediate(() => deadline.clear()));
    await clock.advance(0);
    await settle();
    expect(happened).to.deep.equal([]);
  });

  it('comes all the same when it is late and nothing has arrived', async () => {
    new Deadline(10, expire);
    clock.stall(1_100);
    await clock.advance(0);
    await settle();
    expect(happened).to.deep.equal(['deadline']);
  });

  it('gives all of its time once more when it is late, where that is wanted', async () => {
    new Deadline(200, expire, 'again');
    clock.stall(1_400);
    await clock.advance(199);
    expect(happened).to.deep.equal([]);
    await clock.advance(1);
    expect(happened).to.deep.equal(['deadline']);
  });

  it('waits for a thread that a debugger may have stopped, but ends it all the same when it must', async () => {
    // Any free port of loopback; Node says on stderr that it listens.
    inspector.open(0, '127.0.0.1');
    try {
      const thread = new Deadline(100, () => happened.push('thread'), 'again');
      new Deadline(100, () => happened.push('client'));
      new Deadline(100, () => happened.push('end'), 'end');
      await clock.advance(1_000);
      expect(happened).to.deep.equal(['client', 'end']);
      inspector.close();
      await clock.advance(100);
      expect(happened).to.deep.equal(['client', 'end', 'thread']);
      thread.clear();
    } finally {
      inspector.close();
    }
  });
});

describe('Lateness', () => {
  it('is what passed beyond the interval, where that is more than load explains', () => {
    const startMs = performance.now();
    const lateness = new Lateness(100);
    expect(lateness.look(startMs + 150)).to.equal(0);
    expect(lateness.look(startMs + 1_200)).to.equal(0);
    expect(lateness.look(startMs + 6_300)).to.be.closeTo(5_000, 50);
    expect(lateness.look(startMs + 6_400)).to.equal(0);
  });
});
