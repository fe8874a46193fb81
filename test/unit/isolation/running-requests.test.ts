/** The kill ladder of single requests, over a worker that does what the test says and a clock that stands still. */
import { expect } from 'chai';
import { RunningRequests, type RunningRequestsOwner } from '../../../src/isolation/running-requests.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

const GRACE_MS = 2_000;
const BLOCKED = 'a cancelled request blocked it';
const OVERDUE = 'a cancelled request did not stop within cancel-grace';

class Worker implements RunningRequestsOwner {
  readonly cancelGraceMs = GRACE_MS;
  readonly requests = new RunningRequests(this);
  readonly aborted: [id: RequestId, reason: string][] = [];
  readonly kills: string[] = [];
  readonly stopped: { requestId: RequestId; operation: string; afterMs: number }[] = [];
  /** Whether its event loop turns. */
  turns = true;

  abort(requestId: RequestId, reason: string): void {
    this.aborted.push([requestId, reason]);
  }

  ping(): void {
    if (this.turns) setTimeout(() => this.requests.pong(), 1);
  }

  onStopped(requestId: RequestId, operation: string, afterMs: number): void {
    this.stopped.push({ requestId, operation, afterMs });
  }

  kill(cause: string, message: string): void {
    this.kills.push(`${cause}: ${message}`);
  }

  after(ms: number, callback: () => void): void {
    setTimeout(callback, ms);
  }
}

function world() {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const worker = new Worker();
  return { clock, worker, requests: worker.requests };
}

describe('The requests that run in a worker', () => {
  it('run from their start until their handlers have settled, cancelled or not', () => {
    const { requests } = world();
    requests.started(1, 'echo');
    requests.started('two', 'sleep');
    expect([requests.size, requests.has(1), requests.has('1')]).to.deep.equal([2, true, false]);
    requests.cancel('two', 'asked for');
    expect([requests.stateOf(1), requests.stateOf('two')]).to.deep.equal(['running', 'cancelled']);
    expect([requests.size, requests.cancelled]).to.deep.equal([2, 1]);
    requests.settled(1);
    requests.settled('two');
    expect([requests.size, requests.cancelled, requests.stateOf('two')]).to.deep.equal([0, 0, undefined]);
  });

  it('are reported when they settle by themselves after being cancelled, and only then', async () => {
    const { clock, worker, requests } = world();
    for (const id of [1, 2]) requests.started(id, 'echo');
    requests.cancel(2, 'asked for');
    requests.settled(1);
    expect(worker.stopped).to.deep.equal([]);
    await clock.advance(30);
    requests.settled(2);
    requests.settled(2);
    expect(worker.stopped).to.deep.equal([{ requestId: 2, operation: 'echo', afterMs: 30 }]);
  });

  it('are named by their operations, each once and 8 at most, cancelled ones among them', () => {
    const { requests } = world();
    for (let id = 0; id < 20; id += 1) requests.started(id, `tool ${id % 10}`);
    requests.cancel(0, 'asked for');
    expect(requests.operations).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7].map((tool) => `tool ${tool}`));
  });

  it('tell since when one of them has been cancelled, and forget it when the last such one has settled', async () => {
    const { clock, requests } = world();
    for (const id of [1, 2, 3]) requests.started(id, 'echo');
    expect(requests.cancelledSinceMs).to.equal(undefined);
    const firstMs = clock.nowMs;
    requests.cancel(1, 'asked for');
    await clock.advance(100);
    requests.cancel(2, 'asked for');
    requests.settled(1);
    requests.settled(3);
    expect(requests.cancelledSinceMs).to.equal(firstMs);
    requests.settled(2);
    expect(requests.cancelledSinceMs).to.equal(undefined);
  });
});

describe('A request that is cancelled in its worker', () => {
  it('is aborted with the reason, once', () => {
    const { worker, requests } = world();
    requests.started(1, 'echo');
    requests.cancel(1, 'asked for');
    requests.cancel(1, 'asked for again');
    requests.cancel(2, 'never started');
    expect(worker.aborted).to.deep.equal([[1, 'asked for']]);
  });

  it('costs its worker nothing when its handler settles within cancel-grace', async () => {
    const { clock, worker, requests } = world();
    requests.started(1, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(GRACE_MS - 1);
    requests.settled(1);
    await clock.advance(10 * GRACE_MS);
    expect(worker.kills).to.deep.equal([]);
    expect(clock.timers.size, 'nothing is waited for any more').to.equal(0);
  });

  it('costs its worker its life after cancel-grace when it is the only one that runs', async () => {
    const { clock, worker, requests } = world();
    requests.started(1, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(GRACE_MS - 1);
    expect(worker.kills).to.deep.equal([]);
    await clock.advance(1);
    expect(worker.kills).to.deep.equal([`killed: ${OVERDUE}`]);
    expect(requests.stateOf(1)).to.equal('overdue');
  });

  it('costs its worker its life after cancel-grace, whatever else runs, when the worker answers no ping', async () => {
    const { clock, worker, requests } = world();
    worker.turns = false;
    requests.started(1, 'echo');
    requests.started(2, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(GRACE_MS);
    expect(worker.kills).to.deep.equal([`killed: ${BLOCKED}`]);
  });

  it('waits for the others to finish when the worker answers', async () => {
    const { clock, worker, requests } = world();
    for (const id of [1, 2, 3]) requests.started(id, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(5 * GRACE_MS);
    requests.settled(2);
    expect(worker.kills).to.deep.equal([]);
    requests.settled(3);
    expect(worker.kills).to.deep.equal([`killed: ${OVERDUE}`]);
  });

  it('waits no longer once the worker has stopped answering', async () => {
    const { clock, worker, requests } = world();
    requests.started(1, 'echo');
    requests.started(2, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(3 * GRACE_MS + 10);
    worker.turns = false;
    await clock.advance(GRACE_MS);
    expect(worker.kills, 'the last ping was answered').to.deep.equal([]);
    await clock.advance(GRACE_MS);
    expect(worker.kills).to.deep.equal([`killed: ${BLOCKED}`]);
  });

  it('gives one that is cancelled later its own cancel-grace', async () => {
    const { clock, worker, requests } = world();
    requests.started(1, 'echo');
    requests.started(2, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(GRACE_MS - 100);
    requests.cancel(2, 'asked for');
    await clock.advance(GRACE_MS - 1);
    expect([requests.stateOf(1), requests.stateOf(2)]).to.deep.equal(['overdue', 'cancelled']);
    expect(worker.kills).to.deep.equal([]);
    await clock.advance(1);
    expect(worker.kills).to.deep.equal([`killed: ${OVERDUE}`]);
  });

  it('leaves a later request with its id its own cancel-grace', async () => {
    const { clock, worker, requests } = world();
    requests.started(1, 'echo');
    requests.cancel(1, 'asked for');
    requests.settled(1);
    await clock.advance(GRACE_MS - 100);
    requests.started(1, 'echo');
    requests.cancel(1, 'asked for');
    await clock.advance(GRACE_MS - 1);
    expect(worker.kills).to.deep.equal([]);
    await clock.advance(1);
    expect(worker.kills).to.deep.equal([`killed: ${OVERDUE}`]);
  });

  it('is of no interest any more when the worker has never read it, or is gone', async () => {
    const { clock, worker, requests } = world();
    for (const id of [1, 2]) {
      requests.started(id, 'echo');
      requests.cancel(id, 'asked for');
    }
    requests.forget(1);
    expect([requests.has(1), requests.has(2)]).to.deep.equal([false, true]);
    requests.clear();
    await clock.advance(2 * GRACE_MS);
    expect([requests.size, worker.kills.length]).to.deep.equal([0, 0]);
  });
});
