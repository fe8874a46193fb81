import { expect } from 'chai';
import { percentileMs } from '../../load/latency-recorder.js';
import { Recorder } from '../../load/recorder.js';

describe('what a load worker records', () => {
  it('leaves out the warm-up: neither its latencies nor how late it sent are those of the hold', () => {
    const recorder = new Recorder();
    recorder.isWarmUp = true;
    recorder.sentLate(500);
    recorder.callAnswered('echo', 700, false, false, 1);
    recorder.isWarmUp = false;
    recorder.sentLate(1);
    recorder.callAnswered('echo', 2, false, false, 2);
    const { late, operations, warmUpAnswered } = recorder.totals();
    expect(late.count).to.equal(1);
    expect(percentileMs(late, 99)).to.be.closeTo(1, 0.01);
    expect(operations.map(({ answered }) => answered)).to.deep.equal([1]);
    expect(warmUpAnswered).to.equal(1);
  });
});
