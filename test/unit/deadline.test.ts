import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Deadline, Lateness } from '../../src/shared/deadline.js';
import { standStill } from '../support/stand-still.js';

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
    standStill(1_100);
    // As a socket's data would: in the turn after the timers'.
    setImmediate(() => setImmediate(() => deadline.clear()));
    await delay(50);
    expect(happened).to.deep.equal([]);
  });

  it('comes all the same when it is late and nothing has arrived', async () => {
    const over = new Promise<void>((resolve) => new Deadline(10, resolve));
    standStill(1_100);
    await over;
  });

  it('gives all of its time once more when it is late, where that is wanted', async () => {
    const over = new Promise<void>((resolve) => new Deadline(200, resolve, 'again'));
    standStill(1_400);
    const startedMs = performance.now();
    await over;
    expect(performance.now() - startedMs).to.be.at.least(199);
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
