import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Deadline } from '../../src/deadline.js';

/** Holds the event loop, as a stall of the whole process does. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('A deadline', () => {
  it('is over after its time', async () => {
    const startedMs = performance.now();
    await new Promise<void>((resolve) => new Deadline(30, resolve));
    expect(performance.now() - startedMs).to.be.at.least(29);
  });

  it('never comes once it is cleared', async () => {
    let over = false;
    new Deadline(10, () => {
      over = true;
    }).clear();
    await delay(40);
    expect(over).to.equal(false);
  });

  it('lets what has arrived be handled first when it is late, and can be cleared by it', async () => {
    const happened: string[] = [];
    const deadline = new Deadline(10, () => happened.push('deadline'));
    stall(1_100);
    // As a socket's data would: in the turn after the timers'.
    setImmediate(() => setImmediate(() => deadline.clear()));
    await delay(50);
    expect(happened).to.deep.equal([]);
  });

  it('comes all the same when it is late and nothing has arrived', async () => {
    const over = new Promise<void>((resolve) => new Deadline(10, resolve));
    stall(1_100);
    await over;
  });
});
