/** Whose turn it is to get the next worker. */
import { expect } from 'chai';
import { MAX_WAITERS, WaitingLine } from '../../../src/isolation/waiting-line.js';
import { WorkerShares } from '../../../src/isolation/worker-shares.js';
import { settle } from '../../support/fake-clock.js';

class Worker {
  readonly gone: Promise<void>;
  end: () => void = () => {};
  constructor() {
    this.gone = new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

function line(shares = new WorkerShares()) {
  const waiting = new WaitingLine<Worker>('session thread', shares, () => 'all are in use');
  const served: string[] = [];
  const refused: string[] = [];
  const stops: AbortController[] = [];
  const wait = (consumer: string): void => {
    const stop = new AbortController();
    stops.push(stop);
    waiting.wait(stop.signal, { kind: 'queued', longestWaitMs: 10_000, waitedMs: 0, consumer }).then(
      () => served.push(consumer),
      (error: Error) => refused.push(`${consumer}: ${error.message}`),
    );
  };
  const give = async (): Promise<Worker> => {
    const worker = new Worker();
    waiting.give(worker);
    await settle();
    return worker;
  };
  return {
    waiting,
    shares,
    served,
    refused,
    wait,
    give,
    stop: () => {
      for (const stop of stops) stop.abort(new Error('over'));
    },
  };
}

describe('The line for a worker', () => {
  it('lets a newcomer wait for one turn, whatever the burst before it', async () => {
    const { wait, give, served, stop } = line();
    for (let session = 0; session < 200; session += 1) wait('burst');
    await give();
    wait('other');
    await give();
    expect(served).to.deep.equal(['burst', 'other']);
    stop();
  });

  it('gives turns to all in it alike, and to each in the order in which its sessions came', async () => {
    const { wait, give, served, stop } = line();
    for (const consumer of ['a', 'a', 'a', 'b', 'b', 'c']) wait(consumer);
    for (let turn = 0; turn < 6; turn += 1) await give();
    expect(served).to.deep.equal(['a', 'b', 'c', 'a', 'b', 'a']);
    stop();
  });

  it('remembers the turns of those who still have a worker, also of another server', async () => {
    const shares = new WorkerShares();
    const [one, other] = [line(shares), line(shares)];
    one.wait('a');
    const held = await one.give();
    other.wait('a');
    other.wait('b');
    await other.give();
    expect(other.served).to.deep.equal(['b']);
    expect(shares.held('a')).to.equal(1);
    held.end();
    await settle();
    expect([shares.held('a'), shares.turn('a')]).to.deep.equal([0, 0]);
    other.stop();
  });

  it('says when somebody waits who has fewer', async () => {
    const { waiting, wait, give, stop } = line();
    for (let session = 0; session < 3; session += 1) wait('a');
    for (let session = 0; session < 3; session += 1) await give();
    expect(waiting.outranks('a')).to.equal(false);
    wait('b');
    expect([waiting.outranks('a'), waiting.outranks('b')]).to.deep.equal([true, false]);
    stop();
    await settle();
    expect(waiting.outranks('a')).to.equal(false);
  });

  it('makes room for those with less than their share when it is full', async () => {
    const { waiting, shares, wait, refused, stop } = line();
    for (let session = 0; session < MAX_WAITERS; session += 1) wait('burst');
    wait('burst');
    wait('other');
    await settle();
    expect(refused).to.have.length(2);
    expect(refused[0]).to.match(/^burst: Too many sessions wait for a session thread\. /);
    expect(refused[1]).to.match(/^burst: Too many sessions wait .* most of them are yours/);
    expect([waiting.length, shares.waiting]).to.deep.equal([MAX_WAITERS, MAX_WAITERS]);
    stop();
    await settle();
    expect([waiting.length, shares.waiting, waiting.longestWaitMs]).to.deep.equal([0, 0, 0]);
  });
});
