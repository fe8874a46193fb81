import { expect } from 'chai';
import { EarlyCancels } from '../../../src/session/early-cancels.js';

describe('Cancels that come before their request', () => {
  it('are told once, with their reason', () => {
    const cancels = new EarlyCancels();
    cancels.add(7, 'not needed');
    expect(cancels.take('7')).to.equal(undefined);
    expect(cancels.take(7)).to.equal('not needed');
    expect(cancels.take(7)).to.equal(undefined);
  });

  it('are at most 32, the latest ones, with short reasons', () => {
    const cancels = new EarlyCancels();
    for (let id = 0; id < 40; id += 1) cancels.add(id, 'x'.repeat(10_000));
    expect(cancels.take(7)).to.equal(undefined);
    expect(cancels.take(8)).to.have.length(200);
    expect(cancels.take(39)).to.have.length(200);
  });
});
