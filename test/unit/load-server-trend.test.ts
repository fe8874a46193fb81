import { expect } from 'chai';
import { type TrendPoint, trend } from '../../load/server/trend.js';

const MEBIBYTE = 1024 * 1024;

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normalNumbers(seed: number): () => number {
  const random = randomNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** One value a second. */
function eachSecond(count: number, valueAt: (second: number) => number): TrendPoint[] {
  return Array.from({ length: count }, (_, second) => ({ atMs: second * 1000, value: valueAt(second) }));
}

/** Memory with garbage collections every 6 to 14 s that free 40 MiB, with some noise. */
function sawtooth(seed: number): () => number {
  const random = randomNumbers(seed);
  let period = 6 + 8 * random();
  let age = period * random();
  return () => {
    age += 1;
    if (age > period) {
      age = 0;
      period = 6 + 8 * random();
    }
    return (200 + (40 * age) / period + 4 * random()) * MEBIBYTE;
  };
}

describe('a trend', () => {
  it('tells the slope of a line by minute, and that it is not flat', () => {
    const found = trend(eachSecond(60, (second) => 7 + 0.5 * second));
    expect(found?.perMinute).to.be.closeTo(30, 1e-9);
    expect(found?.plusMinus).to.be.closeTo(0, 1e-9);
    expect(found?.flat).to.equal(false);
  });

  it('is exactly 0 and flat for a figure that never moves', () => {
    const found = trend(eachSecond(61, () => 123_456_789.1));
    expect(found).to.deep.equal({ perMinute: 0, plusMinus: 0, flat: true });
  });

  it('takes no steps of time for equal that are not', () => {
    const points = Array.from({ length: 48 }, (_, index) => {
      const seconds = index < 24 ? index : 24 + (index - 24) * 2;
      return { atMs: seconds * 1000, value: 3 * seconds };
    });
    expect(trend(points)?.perMinute).to.be.closeTo(180, 1e-6);
  });

  it('is nothing for fewer than 24 points, and for points of one moment', () => {
    expect(trend([])).to.equal(null);
    expect(trend(eachSecond(23, (second) => second))).to.equal(null);
    expect(trend(eachSecond(24, (second) => second))).not.to.equal(null);
    expect(trend(Array.from({ length: 30 }, (_, value) => ({ atMs: 5, value })))).to.equal(null);
  });

  it('finds memory that garbage collection takes back flat', () => {
    const runs = Array.from({ length: 200 }, (_, seed) => trend(eachSecond(120, sawtooth(seed))));
    expect(runs.filter((found) => found?.flat).length).to.be.at.least(188);
  });

  it('finds a leak below garbage collection', () => {
    const runs = Array.from({ length: 200 }, (_, seed) => {
      const collected = sawtooth(seed);
      return trend(eachSecond(120, (second) => collected() + second * 0.5 * MEBIBYTE));
    });
    const leaks = runs.filter((found) => found !== null && !found.flat && found.perMinute > 20 * MEBIBYTE);
    expect(leaks.length).to.be.at.least(195);
  });

  for (const correlation of [0.5, 0.9, 0.95]) {
    it(`holds the true slope in about 95 % of runs whose noise correlates by ${correlation}`, () => {
      const perMinute = 1.8;
      let held = 0;
      for (let seed = 1; seed <= 500; seed += 1) {
        const normal = normalNumbers(seed * 7919);
        let noise = normal() / Math.sqrt(1 - correlation ** 2);
        const points = eachSecond(600, (second) => {
          noise = correlation * noise + normal();
          return noise + (perMinute / 60) * second;
        });
        const found = trend(points)!;
        if (Math.abs(found.perMinute - perMinute) <= found.plusMinus) held += 1;
      }
      expect(held / 500).to.be.within(0.92, 0.98);
    });
  }
});
