import { expect } from 'chai';
import { Bucket } from '../../../src/quotas/bucket.js';

const SIZE = { capacity: 10, perMs: 0.01 };

describe('A token bucket', () => {
  it('is full at first, and fills evenly up to what it holds', () => {
    const bucket = new Bucket(SIZE, 0);
    expect(bucket.level(SIZE, 5_000)).to.equal(10);
    bucket.take(10, SIZE, 5_000);
    expect([5_000, 5_100, 5_500, 60_000].map((ms) => bucket.level(SIZE, ms))).to.deep.equal([0, 1, 5, 10]);
  });

  it('says when it will hold enough', () => {
    const bucket = new Bucket(SIZE, 0);
    bucket.take(12, SIZE, 0);
    expect(bucket.level(SIZE, 0)).to.equal(-2);
    expect(bucket.msUntil(1, SIZE, 0)).to.equal(300);
    expect(bucket.msUntil(1, SIZE, 300)).to.equal(0);
  });

  it('forgives what is beyond its overdraft', () => {
    const size = { ...SIZE, overdraft: 10 };
    const bucket = new Bucket(size, 0);
    bucket.take(1_000_000, size, 0);
    expect(bucket.level(size, 0)).to.equal(-10);
  });

  it('does not empty when the clock goes back', () => {
    const bucket = new Bucket(SIZE, 1_000);
    bucket.take(1, SIZE, 1_000);
    expect(bucket.level(SIZE, 0)).to.equal(9);
  });
});
