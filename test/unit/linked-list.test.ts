import { expect } from 'chai';
import { type Linked, LinkedList } from '../../src/shared/linked-list.js';

interface Item extends Linked<Item> {
  readonly name: string;
}

function item(name: string): Item {
  return { name, previous: undefined, next: undefined };
}

describe('LinkedList', () => {
  const [one, two, three] = [item('one'), item('two'), item('three')];
  let list: LinkedList<Item>;
  const names = (): string[] => [...list].map(({ name }) => name);

  beforeEach(() => {
    list = new LinkedList();
    for (const each of [one, two, three]) list.push(each);
  });

  it('keeps the order in which items came', () => {
    expect(names()).to.deep.equal(['one', 'two', 'three']);
    expect(list.first).to.equal(one);
    expect(list.size).to.equal(3);
  });

  for (const [removed, left] of [
    [one, ['two', 'three']],
    [two, ['one', 'three']],
    [three, ['one', 'two']],
  ] as const) {
    it(`lets ${removed.name} of three leave, and come back as the last`, () => {
      list.remove(removed);
      expect(names()).to.deep.equal(left);
      expect(list.size).to.equal(2);
      list.push(removed);
      expect(names()).to.deep.equal([...left, removed.name]);
    });
  }

  it('is empty after its last item has left, and can be filled again', () => {
    for (const each of [one, two, three]) list.remove(each);
    expect([list.first, list.size]).to.deep.equal([undefined, 0]);
    list.push(two);
    expect(names()).to.deep.equal(['two']);
  });
});
