import { expect } from 'chai';
import { WorkerStart } from '../../../src/isolation/port/worker-start.js';
import { WorkerTimers } from '../../../src/isolation/port/worker-timers.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('A worker that is not ready in time', () => {
  /** @param turns whether its event loop does, after it has begun to import */
  function starting(turns: boolean, importsModule = true, begins = true) {
    const clock = new FakeClock().install();
    afterThisTest(() => clock.restore());
    const killed: string[] = [];
    let pings = 0;
    const owner = {
      requests: { lastPongMs: begins ? clock.nowMs : 0 },
      ping: () => {
        pings += 1;
        if (turns) owner.requests.lastPongMs = clock.nowMs;
      },
      kill: (cause: string, message: string) => void killed.push(`${cause}: ${message}`),
    };
    const host = { isolation: 'process', importsModule, readyDeadlineMs: 30_000 } as const;
    const start = new WorkerStart(new WorkerTimers(), host, owner);
    return { clock, start, killed, pings: () => pings };
  }

  it('waits at an await if it answers while it imports', async () => {
    const { clock, killed, pings } = starting(true);
    await clock.advance(29_999);
    expect([killed, pings()]).to.deep.equal([[], 1]);
    await clock.advance(1);
    expect(killed).to.deep.equal([
      'start_failed: the process was not ready within 30 s: an await at the top level of what it imports has not settled',
    ]);
  });

  it('loops if it does not, whatever it did before', async () => {
    const { clock, killed } = starting(false);
    await clock.advance(30_000);
    expect(killed).to.deep.equal([
      'start_failed: the process was not ready within 30 s: what it imports runs on and does not return',
    ]);
  });

  it('has not begun to import if it has given no sign of life at all', async () => {
    const { clock, killed } = starting(false, true, false);
    await clock.advance(30_000);
    expect(killed).to.deep.equal([
      'start_failed: the process was not ready within 30 s: it had not begun to load the server module; is the machine too busy?',
    ]);
  });

  it('says no more where it imports no module, and is not asked', async () => {
    const { clock, killed, pings } = starting(true, false);
    await clock.advance(30_000);
    expect([killed, pings()]).to.deep.equal([['start_failed: the process was not ready within 30 s'], 0]);
  });

  it('is asked nothing once it is ready', async () => {
    const { clock, start, killed, pings } = starting(true);
    start.markReady();
    await clock.advance(60_000);
    expect([killed, pings()]).to.deep.equal([[], 0]);
  });
});
