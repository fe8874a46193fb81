import { expect } from 'chai';
import { ShortMap } from '../../src/shared/short-map.js';

describe('ShortMap', () => {
  const filled = (): ShortMap<string | number, string> => {
    const map = new ShortMap<string | number, string>();
    map.set(1, 'one');
    map.set('1', 'text');
    map.set(2, 'two');
    return map;
  };

  it('tells a number and its text apart', () => {
    const map = filled();
    expect(map.get(1)).to.equal('one');
    expect(map.get('1')).to.equal('text');
    expect(map.has('2')).to.equal(false);
    expect(map.get('2')).to.equal(undefined);
  });

  it('keeps the order in which entries came, also past a deletion', () => {
    const map = filled();
    map.set(3, 'three');
    expect(map.delete('1')).to.equal(true);
    expect(map.values()).to.deep.equal(['one', 'two', 'three']);
    expect(map.get(3)).to.equal('three');
    expect(map.size).to.equal(3);
  });

  it('replaces the value of a key that is there', () => {
    const map = filled();
    map.set(1, 'another');
    expect(map.size).to.equal(3);
    expect(map.values()[0]).to.equal('another');
  });

  it('says when there was nothing to delete', () => {
    const map = filled();
    expect(map.delete(4)).to.equal(false);
    expect(map.size).to.equal(3);
  });

  it('is empty when it was cleared, and takes entries again', () => {
    const map = filled();
    map.clear();
    expect(map.size).to.equal(0);
    expect(map.has(1)).to.equal(false);
    map.set(1, 'again');
    expect(map.values()).to.deep.equal(['again']);
  });
});
