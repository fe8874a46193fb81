import { expect } from 'chai';
import { LazyMap, LazySet } from '../../src/shared/lazy-collections.js';

describe('LazyMap', () => {
  it('is an empty map before anything is put in', () => {
    const map = new LazyMap<string, number>();
    expect(map.size).to.equal(0);
    expect(map.get('a')).to.equal(undefined);
    expect(map.delete('a')).to.equal(false);
    expect([...map]).to.deep.equal([]);
    expect([...map.values()]).to.deep.equal([]);
  });

  it('holds what was put in, in its order, until it is deleted', () => {
    const map = new LazyMap<string, number>();
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect(map.size).to.equal(2);
    expect([...map]).to.deep.equal([
      ['a', 3],
      ['b', 2],
    ]);
    expect(map.delete('a')).to.equal(true);
    expect(map.get('a')).to.equal(undefined);
    expect([...map.values()]).to.deep.equal([2]);
  });

  it('is empty when it was cleared, and takes entries again', () => {
    const map = new LazyMap<string, number>();
    map.set('a', 1);
    map.clear();
    expect(map.size).to.equal(0);
    map.set('b', 2);
    expect([...map]).to.deep.equal([['b', 2]]);
  });
});

describe('LazySet', () => {
  it('is an empty set before anything is put in', () => {
    const set = new LazySet<number>();
    expect(set.size).to.equal(0);
    expect(set.delete(1)).to.equal(false);
    expect([...set]).to.deep.equal([]);
  });

  it('holds each value once, until it is deleted or the set is cleared', () => {
    const set = new LazySet<number>();
    set.add(1);
    set.add(2);
    set.add(1);
    expect([...set]).to.deep.equal([1, 2]);
    expect(set.delete(1)).to.equal(true);
    expect(set.size).to.equal(1);
    set.clear();
    expect([...set]).to.deep.equal([]);
    set.add(3);
    expect([...set]).to.deep.equal([3]);
  });
});
