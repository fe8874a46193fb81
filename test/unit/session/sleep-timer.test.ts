import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { SleepTimer } from '../../../src/session/sleep-timer.js';
import { until } from '../../support/deadline.js';

describe('the sleep timer', () => {
  it('puts a session to sleep once it has been idle for long enough, and not before', async () => {
    const { timer, asked, state } = timerAfter(50);
    timer.start();
    await delay(120);
    expect(asked).to.deep.equal([]);
    state.idleSinceMs = performance.now();
    await until(() => asked.length > 0, 'the session to be put to sleep');
    expect(asked[0]).to.be.at.least(49);
    timer.stop();
  });

  it('asks nothing of a session that has work', async () => {
    const { timer, asked, state } = timerAfter(10);
    state.idleSinceMs = 0;
    state.drowsy = false;
    timer.start();
    await delay(100);
    expect(asked).to.deep.equal([]);
    expect(timer.idleMs).to.equal(undefined);
    state.drowsy = true;
    await until(() => asked.length > 0, 'the session to be put to sleep');
    timer.stop();
  });

  it('asks one that has refused no more for a second', async () => {
    const { timer, asked, state } = timerAfter(20);
    state.idleSinceMs = 0;
    timer.start();
    await until(() => asked.length > 0, 'the first question');
    const refusedMs = performance.now();
    timer.refused();
    asked.length = 0;
    expect(timer.idleMs).to.equal(undefined);
    await until(() => asked.length > 0, 'the second question');
    expect(performance.now() - refusedMs).to.be.at.least(1_000);
    expect(timer.idleMs, 'idle since it refused, at most').to.be.within(1_000, 3_000);
    timer.stop();
  });

  it('asks nothing after it was stopped, and goes on when it is started again', async () => {
    const { timer, asked, state } = timerAfter(20);
    state.idleSinceMs = 0;
    timer.start();
    timer.stop();
    await delay(80);
    expect(asked).to.deep.equal([]);
    timer.start();
    await until(() => asked.length > 0, 'the session to be put to sleep');
    timer.stop();
  });

  it('sets no timer where sessions never sleep, and tells how long one has been idle all the same', async () => {
    const { timer, asked, state } = timerAfter(0);
    state.idleSinceMs = performance.now();
    timer.start();
    await delay(30);
    expect(asked).to.deep.equal([]);
    expect(timer.idleMs, 'it may have to make room').to.be.at.least(29);
  });
});

/** `asked`: how long the session had been idle each time that it was put to sleep. */
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
