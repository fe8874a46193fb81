import { expect } from 'chai';
import { ProcessorMeter } from '../../../src/quotas/processor-meter.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { FakeWorker } from '../../support/fake-worker.js';

const SECOND = 1_000;
const OWNER = { onSettled: () => {}, onAskedEarly: () => {}, onStuck: () => {} };

class CountedWorker extends FakeWorker {
  readings = 0;
  override readProcessorMs(): number {
    this.readings += 1;
    return super.readProcessorMs();
  }
}

function metered(count = 1) {
  const clock = new FakeClock().install();
  const meter = new ProcessorMeter();
  afterThisTest(() => {
    meter.close();
    clock.restore();
  });
  const workers = Array.from({ length: count }, (_, index) => new CountedWorker(index, OWNER, SECOND));
  const charged: number[] = [];
  for (const worker of workers) meter.add(worker, (ms) => charged.push(ms));
  return { clock, meter, workers, worker: workers[0]!, charged };
}

describe('The meter of processor time', () => {
  it('charges once a second what was used since the last time', async () => {
    const { clock, worker, charged } = metered();
    worker.held = true;
    worker.processorMs = 300;
    await clock.advance(SECOND);
    await clock.advance(SECOND);
    worker.processorMs = 350;
    await clock.advance(SECOND);
    expect(charged).to.deep.equal([300, 50]);
  });

  it('reads a worker without work once more, and then not until it has some; nothing is lost', async () => {
    const { clock, worker, charged } = metered();
    await clock.advance(SECOND);
    const { readings } = worker;
    worker.processorMs = 100;
    await clock.advance(10 * SECOND);
    expect([worker.readings, charged]).to.deep.equal([readings, []]);
    worker.held = true;
    await clock.advance(SECOND);
    expect(charged).to.deep.equal([100]);
  });

  it('charges what was used before the end, and has no timer when no worker is left', async () => {
    const { clock, worker, charged } = metered();
    worker.processorMs = 70;
    worker.dies({ cause: 'crash', message: 'crashed' });
    await settle();
    expect(charged).to.deep.equal([70]);
    expect([...clock.timers].filter(({ repeats }) => repeats)).to.deep.equal([]);
  });

  it('reads no more than 256 in a second, each in its turn', async () => {
    const { clock, workers } = metered(600);
    for (const worker of workers) worker.held = true;
    const before = workers.map(({ readings }) => readings);
    const read = () => workers.filter(({ readings }, index) => readings > before[index]!).length;
    await clock.advance(SECOND);
    expect(read()).to.equal(256);
    await clock.advance(2 * SECOND);
    expect(read()).to.equal(600);
  });
});
