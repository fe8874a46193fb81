/** The clock that tests of servers move. It is one for the process, so each test leaves no timer behind. */
import { expect } from 'chai';
import { clockMs, makeMovable, moveClock, startTimer, stopTimer } from '../../src/shared/clock.js';
import { Deadline } from '../../src/shared/deadline.js';
import { FakeClock } from '../support/fake-clock.js';

const DAY_MS = 86_400_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('The clock of sessions', () => {
  before(makeMovable);

  it('goes on by as much as it is moved, and then as real time does', async () => {
    const beforeMs = clockMs();
    await moveClock(DAY_MS, settled);
    expect(clockMs() - beforeMs).to.be.within(DAY_MS, DAY_MS + 10_000);
  });

  it('is moved by whole milliseconds, so that the difference of two readings stays exact', async () => {
    await moveClock(0.25, settled);
    startTimer(() => {}, DAY_MS + 0.5);
    await moveClock(2 * DAY_MS, settled);
    const clock = new FakeClock().install();
    try {
      expect(clockMs() % 1).to.equal(0);
      clock.stall(600_000);
      expect(clockMs() % 1).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  it('runs what becomes due at its time and in its order, with what that starts in turn', async () => {
    const startMs = clockMs();
    const ran: [name: string, atMs: number][] = [];
    const run = (name: string) => () => void ran.push([name, Math.round((clockMs() - startMs) / DAY_MS)]);
    const timers = [
      startTimer(run('third'), 3 * DAY_MS),
      startTimer(() => {
        run('first')();
        timers.push(startTimer(run('second'), DAY_MS));
      }, DAY_MS),
      startTimer(run('never'), 9 * DAY_MS),
    ];
    await moveClock(4 * DAY_MS, settled);
    expect(ran).to.deep.equal([
      ['first', 1],
      ['second', 2],
      ['third', 3],
    ]);
    for (const timer of timers) stopTimer(timer);
    await moveClock(9 * DAY_MS, settled);
    expect(ran).to.have.length(3);
  });

  it('lets a timer fire by itself, after what is left of its time', async () => {
    const fired = new Promise<void>((resolve) => void startTimer(resolve, DAY_MS));
    await moveClock(DAY_MS - 5, settled);
    await fired;
  });

  it('is moved by one at a time', async () => {
    const startMs = clockMs();
    const ran: number[] = [];
    startTimer(() => void ran.push(1), 1.5 * DAY_MS);
    await Promise.all([moveClock(DAY_MS, settled), moveClock(DAY_MS, settled)]);
    expect(ran).to.deep.equal([1]);
    expect(clockMs() - startMs).to.be.within(2 * DAY_MS, 2 * DAY_MS + 10_000);
  });

  it('moves the deadlines of clients, and none of what a thread needs its time for', async () => {
    const ran: string[] = [];
    const client = new Deadline(DAY_MS, () => void ran.push('client'));
    const thread = new Deadline(DAY_MS, () => void ran.push('thread'), 'again');
    await moveClock(2 * DAY_MS, settled);
    expect(ran).to.deep.equal(['client']);
    client.clear();
    thread.clear();
  });
});
