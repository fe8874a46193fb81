import { expect } from 'chai';
import type { ProcessSample } from '../../load/load-report.js';
import { ProcessSampler } from '../../load/server/process-sampler.js';
import { type ProcessObservation, serverProcessReport } from '../../load/server/server-process.js';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';

const FIGURES = { processes: 1, threads: 5, descriptors: 20, residentBytes: 1_000, cpuMs: 0 };

function sampleAt(atMs: number, more: Partial<ProcessSample> = {}): ProcessSample {
  return { ...FIGURES, atMs, ...more };
}

/** One sample for each time, taken by hand. */
function sampler(sample: () => typeof FIGURES | undefined = () => FIGURES, maxSamples?: number) {
  let now = 0;
  const created = new ProcessSampler({
    now: () => now++,
    sample,
    intervalMs: 1,
    ...(maxSamples !== undefined && { maxSamples }),
  });
  afterThisTest(() => created.stop());
  return created;
}

describe('the sampler of a process tree', () => {
  it('takes the first sample at once and more by itself, until it is stopped', async () => {
    const running = sampler();
    running.start();
    expect(running.samples).to.deep.equal([sampleAt(0)]);
    await until(() => running.samples.length > 3, 'more samples');
    running.stop();
    const { length } = running.samples;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(running.samples).to.have.length(length);
    expect(running.stopped).to.equal(undefined);
  });

  it('keeps every second sample when there are too many', () => {
    const full = sampler(() => FIGURES, 8);
    for (let count = 0; count < 8; count += 1) full.take();
    expect(full.samples.map(({ atMs }) => atMs)).to.deep.equal([0, 2, 4, 6]);
    for (let count = 0; count < 1_000; count += 1) full.take();
    expect(full.samples.length).to.be.within(4, 8);
    expect(full.samples[0]?.atMs).to.equal(0);
  });

  it('takes samples half as often from then on', async () => {
    const timed = new ProcessSampler({
      now: () => performance.now(),
      sample: () => FIGURES,
      intervalMs: 10,
      maxSamples: 4,
    });
    afterThisTest(() => timed.stop());
    timed.start();
    // It had too many samples four times, and doubled its interval each time: 10, 20, 40, 80 and 160 ms.
    await until(() => {
      const [first, second] = timed.samples;
      return first !== undefined && second !== undefined && second.atMs - first.atMs > 140;
    }, 'intervals that have grown');
    expect(timed.samples.length).to.be.within(2, 4);
  });

  it('says when the process had ended, and takes no more', async () => {
    let left = 3;
    const running = sampler(() => (left-- > 0 ? FIGURES : undefined));
    running.start();
    await until(() => running.stopped !== undefined, 'the end of the process');
    expect(running.stopped).to.deep.equal({ atMs: 3, reason: 'The process has ended.' });
    expect(running.take()).to.equal(undefined);
    expect(running.samples).to.have.length(3);
  });

  it('throws nothing out of its timer, and says what went wrong', async () => {
    let left = 1;
    const running = sampler(() => {
      if (left-- > 0) return FIGURES;
      throw new Error('The descriptors of process 7 are gone.');
    });
    running.start();
    await until(() => running.stopped !== undefined, 'the failure');
    expect(running.stopped?.reason).to.equal('The descriptors of process 7 are gone.');
  });
});

describe("the report of the server's process tree", () => {
  function report(more: Partial<ProcessObservation> = {}) {
    return serverProcessReport({
      pid: 7,
      samples: [],
      beforeFirstSession: sampleAt(0, { residentBytes: 1_000 }),
      allOpen: sampleAt(10_000, { residentBytes: 5_000, cpuMs: 700 }),
      holdStart: sampleAt(12_000, { residentBytes: 6_000, cpuMs: 900 }),
      holdEnd: sampleAt(40_000, { residentBytes: 9_000, cpuMs: 1_700 }),
      openSessions: 8,
      holdCalls: 400,
      stopped: undefined,
      ...more,
    });
  }

  it('shares memory and processor among the open sessions, and the processor of the hold among its calls', () => {
    expect(report()).to.deep.include({
      pid: 7,
      bytesPerSession: 500,
      cpuMsPerSession: 87.5,
      cpuMsPerCall: 2,
    });
    expect(report()).not.to.have.property('stopped');
  });

  it('has no shares without sessions, calls or the moments that they are between', () => {
    expect(report({ openSessions: 0, holdCalls: 0 })).to.deep.include({
      bytesPerSession: null,
      cpuMsPerSession: null,
      cpuMsPerCall: null,
    });
    expect(report({ allOpen: undefined })).to.deep.include({ bytesPerSession: null, cpuMsPerSession: null });
    expect(report({ holdStart: undefined })).to.deep.include({ bytesPerSession: 500, cpuMsPerCall: null });
    expect(report({ holdEnd: undefined })).to.deep.include({ bytesPerSession: 500, cpuMsPerCall: null });
  });

  it('finds trends in the hold alone', () => {
    const samples = Array.from({ length: 50 }, (_, second) => {
      const held = second >= 12 && second <= 40;
      return sampleAt(second * 1_000, { residentBytes: held ? second * 60 : second ** 3, threads: 5 });
    });
    const { trends } = report({ samples });
    expect(trends.residentBytes?.perMinute).to.be.closeTo(3_600, 1e-6);
    expect(trends.residentBytes?.flat).to.equal(false);
    expect(trends.threads).to.deep.equal({ perMinute: 0, plusMinus: 0, flat: true });
    expect(trends.descriptors?.flat).to.equal(true);
    expect(report({ samples, holdStart: undefined }).trends).to.deep.equal({
      residentBytes: null,
      threads: null,
      descriptors: null,
    });
  });

  it('says where the samples stopped', () => {
    const stopped = { atMs: 20_000, reason: 'The process has ended.' };
    expect(report({ stopped })).to.deep.include({ stopped });
  });
});
