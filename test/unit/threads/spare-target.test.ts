import { expect } from 'chai';
import { SpareTarget } from '../../../src/isolation/spare-target.js';

const [LEAST, MOST] = [2, 10];

describe('the number of spares', () => {
  it('is spare-threads where nothing is claimed', () => {
    const target = new SpareTarget(LEAST, MOST);
    expect([0, 1_000, 1e9].map((ms) => target.at(ms))).to.deep.equal([LEAST, LEAST, LEAST]);
  });

  it('is not raised by a claim now and then', () => {
    const target = new SpareTarget(LEAST, MOST);
    const wanted = claims(target, { from: 0, to: 60_000, everyMs: 1_000 });
    expect(new Set(wanted)).to.deep.equal(new Set([LEAST]));
  });

  it('grows while claims come fast, up to its limit, and comes down again when it is calm', () => {
    const target = new SpareTarget(LEAST, MOST);
    const wanted = claims(target, { from: 0, to: 4_000, everyMs: 10 });
    expect(wanted).to.deep.equal(
      [...wanted].sort((one, other) => one - other),
      'it only grows',
    );
    expect(wanted.at(-1), 'nearly 100 claims a second, 50 ms a start, twice that').to.be.within(8, MOST);
    const calm = Array.from({ length: 20 }, (_none, second) => target.at(4_000 + 1_000 * second));
    expect(calm).to.deep.equal(
      [...calm].sort((one, other) => other - one),
      'it only shrinks',
    );
    expect(calm.at(-1)).to.equal(LEAST);
  });

  it('is never above its limit', () => {
    const target = new SpareTarget(LEAST, MOST);
    expect(Math.max(...claims(target, { from: 0, to: 1_000, everyMs: 0.5 }))).to.equal(MOST);
  });

  it('follows how long a start takes', () => {
    const [fast, slow] = [new SpareTarget(LEAST, 100), new SpareTarget(LEAST, 100)];
    for (let start = 0; start < 50; start += 1) {
      fast.started(5);
      slow.started(500);
    }
    const often = { from: 0, to: 10_000, everyMs: 50 };
    expect(claims(fast, often).at(-1)).to.equal(LEAST);
    expect(claims(slow, often).at(-1), '20 claims a second, half a second a start').to.be.within(15, 21);
  });

  it('follows one slow start only a little', () => {
    const target = new SpareTarget(LEAST, 100);
    target.started(1_000);
    expect(claims(target, { from: 0, to: 10_000, everyMs: 50 }).at(-1)).to.be.below(12);
  });

  it('is 0 where none are wanted, however fast claims come', () => {
    const target = new SpareTarget(0, MOST);
    expect(Math.max(...claims(target, { from: 0, to: 1_000, everyMs: 1 }))).to.equal(0);
  });

  it('is spare-threads where the limit is below it', () => {
    const target = new SpareTarget(5, 1);
    expect(Math.max(...claims(target, { from: 0, to: 1_000, everyMs: 1 }))).to.equal(5);
  });
});

/** Claims at given times; returns how many spares are wanted after each. */
function claims(
  target: SpareTarget,
  { from, to, everyMs }: { from: number; to: number; everyMs: number },
): number[] {
  const wanted: number[] = [];
  for (let ms = from; ms < to; ms += everyMs) {
    target.claimed(ms);
    wanted.push(target.at(ms));
  }
  return wanted;
}
