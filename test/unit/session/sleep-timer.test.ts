import { expect } from 'chai';
import { SleepTimer } from '../../../src/session/sleep-timer.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('the sleep timer', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock().install();
  });

  afterEach(() => clock.restore());

  it('puts a session to sleep once it has been idle for long enough, and not before', async () => {
    const { timer, asked, state } = timerAfter(50);
    timer.start();
    await clock.advance(120);
    expect(asked).to.deep.equal([]);
    state.idleSinceMs = performance.now();
    await clock.advance(49);
    expect(asked).to.deep.equal([]);
    await clock.advance(1);
    expect(asked).to.deep.equal([50]);
  });

  it('asks nothing of a session that has work', async () => {
    const { timer, asked, state } = timerAfter(10);
    state.idleSinceMs = 0;
    state.drowsy = false;
    timer.start();
    await clock.advance(100);
    expect(asked).to.deep.equal([]);
    expect(timer.idleMs).to.equal(undefined);
    state.drowsy = true;
    await clock.advance(10);
    expect(asked).to.have.lengthOf(1);
  });

  it('asks one that has refused no more for a second', async () => {
    const { timer, asked, state } = timerAfter(20);
    state.idleSinceMs = 0;
    timer.start();
    await clock.advance(20);
    expect(asked).to.have.lengthOf(1);
    timer.refused();
    expect(timer.idleMs).to.equal(undefined);
    await clock.advance(999);
    expect(asked).to.have.lengthOf(1);
    await clock.advance(20);
    expect(asked).to.have.lengthOf(2);
    expect(timer.idleMs, 'idle since it refused, at most').to.equal(1_019);
  });

  it('asks nothing after it was stopped, and goes on when it is started again', async () => {
    const { timer, asked, state } = timerAfter(20);
    state.idleSinceMs = 0;
    timer.start();
    timer.stop();
    await clock.advance(80);
    expect(asked).to.deep.equal([]);
    timer.start();
    await clock.advance(20);
    expect(asked).to.have.lengthOf(1);
  });

  it('sets no timer where sessions never sleep, and tells how long one has been idle all the same', () => {
    const { timer, state } = timerAfter(0);
    state.idleSinceMs = performance.now() - 30;
    timer.start();
    expect(clock.timers.size).to.equal(0);
    expect(timer.idleMs, 'it may have to make room').to.equal(30);
  });
});

/** `asked`: how long the session had been idle each time it was put to sleep. */
function timerAfter(afterMs: number) {
  const state: { idleSinceMs?: number; drowsy: boolean } = { drowsy: true };
  const idleMs = (): number => performance.now() - (state.idleSinceMs ?? performance.now());
  const asked: number[] = [];
  const sleeper = {
    get idleMs() {
      return idleMs();
    },
    get drowsy() {
      return state.drowsy;
    },
    sleep: () => void asked.push(idleMs()),
  };
  const timer = new SleepTimer(sleeper, afterMs);
  return { timer, asked, state };
}
