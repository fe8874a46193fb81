import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { until } from '../../support/deadline.js';
import { startGateway } from '../../support/gateway.js';
import { ReloadedModule, reloadUnderLoad } from '../../support/reloads.js';

/** What each version's bundle holds, so that one that stays is seen. */
const PADDING = 256 * 1024;
const RELOADS = 50;

describe('50 reloads under 1,000 calls a second', function () {
  this.timeout(10 * 60_000);

  it('fail no call, answer none with an earlier version, and leave nothing behind', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const module = new ReloadedModule();
    const write = (version: number): void =>
      module.write(version, { head: `export const padding = ${JSON.stringify('x'.repeat(PADDING))};` });
    write(1);
    const gateway = await startGateway({
      serverModule: module.url,
      bundle: true,
      spareThreads: 2,
      maxThreads: 64,
    });
    const held = (): number => {
      collectGarbage();
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      return arrayBuffers + heapUsed;
    };
    const before = held();
    const outcome = await reloadUnderLoad(gateway, {
      sessions: 16,
      callsPerSecond: 1_000,
      reloads: RELOADS,
      pauseMs: 200,
      write,
    });
    console.info(`      ${outcome.calls} calls in ${outcome.seconds.toFixed(1)} s`);
    expect(outcome.errors).to.deep.equal([]);
    expect(outcome.wrong).to.deep.equal([]);
    expect(outcome.counted).to.equal(outcome.calls);
    await until(() => gateway.snapshot().outdatedWorkers === 0, 'the workers of earlier versions to be gone');
    expect(gateway.servers()[0]).to.include({ version: RELOADS + 1, outdatedWorkers: 0 });
    const { threads } = gateway.snapshot();
    expect(threads.claimed).to.be.at.most(16);
    expect(threads.terminating + threads.stuck).to.equal(0);
    expect(held() - before, 'bytes').to.be.below((RELOADS * PADDING) / 2 + 32 * 2 ** 20);
  });
});
