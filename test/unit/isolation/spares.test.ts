import { expect } from 'chai';
import { Spares } from '../../../src/isolation/spares.js';
import { FakeStarter, type FakeWorker } from '../../support/fake-worker.js';

function world() {
  const starter = new FakeStarter(1_000);
  const owner = { onSettled: () => {}, onStuck: () => {}, onAskedEarly: () => {} };
  let expected: string | undefined;
  const spares = new Spares<FakeWorker>(() => expected);
  const add = (): FakeWorker => {
    const worker = starter.start(starter.started.length + 1, owner);
    spares.add(worker);
    return worker;
  };
  return {
    spares,
    add,
    expect: (introduction: string | undefined) => {
      expected = introduction;
    },
    take: (introduction?: string) =>
      spares.take(introduction === undefined ? undefined : { introduction })?.id,
  };
}

describe('Spares', () => {
  it('are given to any session, oldest first, where it is not known how clients begin', () => {
    const { add, take } = world();
    for (const _ of [1, 2, 3]) add();
    expect([take(), take('claude'), take(), take()]).to.deep.equal([1, 2, 3, undefined]);
  });

  it('that are introduced are given to clients that begin so, and before others', () => {
    const own = world();
    const { add, take } = own;
    add();
    own.expect('claude');
    add();
    expect([take('cursor'), take('cursor'), take(), take('claude')]).to.deep.equal([
      1,
      undefined,
      undefined,
      2,
    ]);
  });

  it('are introduced as soon as it is known how, once', () => {
    const own = world();
    const worker = own.add();
    own.spares.refresh(0);
    expect(worker.introduction).to.equal(undefined);
    own.expect('claude');
    own.spares.refresh(0);
    own.expect('cursor');
    own.spares.refresh(0);
    expect(worker.introduction).to.equal('claude');
  });

  it('are replaced when clients begin differently, one every ten seconds at most', () => {
    const own = world();
    own.expect('claude');
    for (const _ of [1, 2]) own.add();
    expect(own.spares.refresh(0)).to.equal(undefined);
    own.expect('cursor');
    expect([1, 5_000, 10_001, 30_000].map((ms) => own.spares.refresh(ms)?.id)).to.deep.equal([
      1,
      undefined,
      2,
      undefined,
    ]);
  });

  it('are only started once one of them could not wait for its client', () => {
    const own = world();
    own.expect('claude');
    const introduced = own.add();
    own.spares.stopIntroducing();
    expect([introduced.introduction, own.add().introduction]).to.deep.equal(['claude', undefined]);
  });

  it('that end are given to nobody', () => {
    const { add, spares, take } = world();
    const worker = add();
    worker.kill('out_of_memory', 'it holds too much');
    expect([take(), spares.drop(), spares.remove(worker), spares.count]).to.deep.equal([
      undefined,
      undefined,
      true,
      0,
    ]);
  });
});
