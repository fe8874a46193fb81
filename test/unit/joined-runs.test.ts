import { expect } from 'chai';
import { JoinedRuns } from '../../src/shared/joined-runs.js';

describe('joined runs', () => {
  function world() {
    const runs: { request: number[]; finish: (fails?: boolean) => void }[] = [];
    const joined = new JoinedRuns<number[], number>(
      (run) =>
        new Promise((resolve, reject) => {
          const number = runs.length;
          runs.push({
            get request() {
              return run.request;
            },
            finish: (fails = false) => (fails ? reject(new Error(`run ${number}`)) : resolve(number)),
          });
        }),
      (one, other) => [...one, ...other],
    );
    return { runs, joined };
  }

  it('do work once more for all who ask while it is being done', async () => {
    const { runs, joined } = world();
    const first = joined.run([1]);
    const others = [joined.run([2]), joined.run([3])];
    expect(runs.map(({ request }) => request)).to.deep.equal([[1]]);
    runs[0]?.finish();
    expect(await first).to.equal(0);
    await Promise.resolve();
    expect(runs.map(({ request }) => request)).to.deep.equal([[1], [2, 3]]);
    runs[1]?.finish();
    expect(await Promise.all(others)).to.deep.equal([1, 1]);
  });

  it('do the next work also if the present one fails, and never two at a time', async () => {
    const { runs, joined } = world();
    const first = joined.run([1]).catch((error: Error) => error.message);
    const second = joined.run([2]);
    runs[0]?.finish(true);
    const third = joined.run([3]);
    expect(await first).to.equal('run 0');
    await Promise.resolve();
    expect(runs).to.have.length(2);
    runs[1]?.finish();
    expect([await second, await third]).to.deep.equal([1, 1]);
    await joined.idle();
    expect(runs).to.have.length(2);
  });

  it('take in a caller who is not too late for the present one', async () => {
    const { runs, joined } = world();
    expect(joined.join([0]), 'nothing is being done').to.equal(undefined);
    const first = joined.run([1]);
    const other = joined.join([2]);
    const next = joined.run([3]);
    expect(runs.map(({ request }) => request)).to.deep.equal([[1, 2]]);
    runs[0]?.finish();
    expect(await Promise.all([first, other])).to.deep.equal([0, 0]);
    await Promise.resolve();
    expect(runs.map(({ request }) => request)).to.deep.equal([[1, 2], [3]]);
    runs[1]?.finish();
    expect(await next).to.equal(1);
  });
});
