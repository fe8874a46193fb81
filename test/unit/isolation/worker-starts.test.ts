import { expect } from 'chai';
import { WorkerPool } from '../../../src/isolation/pool.js';
import { Starters } from '../../../src/isolation/starters.js';
import { WorkerBudget } from '../../../src/isolation/worker-budget.js';
import type { StarterOwner } from '../../../src/isolation/worker-starter.js';
import { WorkerStarts } from '../../../src/isolation/worker-starts.js';
import { StopDeadline } from '../../../src/shared/stop-deadline.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { settle } from '../../support/fake-clock.js';
import { FakeStarter, type FakeWorker } from '../../support/fake-worker.js';

/** Its workers hang in their import. */
class HangingStarter extends FakeStarter {
  override hangs = true;
  owner: StarterOwner | undefined;

  override start(id: number, owner: StarterOwner): FakeWorker {
    this.owner = owner;
    return super.start(id, owner);
  }
}

describe('A worker that starts', () => {
  function world() {
    const starter = new HangingStarter(1_000);
    const told: string[] = [];
    const starts = new WorkerStarts<FakeWorker>(new Starters(starter), 'thread', new GatewayEmitter(), {
      onSettled: () => told.push('settled'),
      onAskedEarly: () => told.push('asked early'),
      onStuck: () => told.push(`stuck, ${starts.underWay} under way`),
      onReady: () => told.push('ready'),
      onRefused: ({ message }) => told.push(`refused: ${message}`),
      onGone: () => told.push(`gone, ${starts.underWay} under way`),
    });
    return { starter, starts, told };
  }

  it('is not awaited any more once it is stuck, so that another one is started for who waits', async () => {
    const { starter, starts, told } = world();
    const worker = starts.start(1);
    expect(starts.underWay).to.equal(1);
    starter.owner?.onStuck();
    expect(told).to.deep.equal(['stuck, 0 under way']);
    worker?.dies({ cause: 'killed', message: 'it has returned' });
    await settle();
    expect(told).to.deep.equal(['stuck, 0 under way', 'gone, 0 under way']);
  });

  it('is not counted if the system refuses it', () => {
    const { starter, starts, told } = world();
    starter.start = () => {
      throw new Error('no thread');
    };
    expect(starts.start(1)).to.equal(undefined);
    expect([starts.underWay, told]).to.deep.equal([0, ['refused: no thread']]);
  });

  it('is given to nobody by a pool that is closed, which says why', async () => {
    const starter = new FakeStarter(1_000);
    const pool = new WorkerPool({ spareThreads: 0 }, new WorkerBudget(1), starter, new GatewayEmitter());
    await pool.close(new StopDeadline(1_000));
    const refused = await pool.acquire(new AbortController().signal).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'ERR_BULKHEAD_DRAINING', message: 'the gateway stops' });
    expect(starter.started).to.deep.equal([]);
  });
});
