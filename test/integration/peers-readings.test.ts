import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'chai';
import { within } from '../../bench/peers/deadline.js';
import { troubles } from '../../bench/peers/load-command.js';
import {
  isRunning,
  killMarked,
  MARK_VARIABLE,
  markedProcesses,
  proportionalBytes,
} from '../../bench/peers/marked-processes.js';
import { loadReport } from '../support/load-report.js';

describe('what is read from a load run', () => {
  it('tells of errors, contamination and a client that was too slow, and else of nothing', () => {
    expect(troubles(loadReport())).to.equal(undefined);
    const client = { ...loadReport().client, limitedBy: 'The client was busy.' };
    const report = loadReport({ errors: { timeout: 2, tool: 0 }, contaminated: 1, client });
    expect(troubles(report)).to.equal('2 × timeout, 1 contaminated, the client was the limit');
  });
});

describe('a deadline', () => {
  it('gives the value that comes in time, and nothing for one that does not', async () => {
    expect(await within(Promise.resolve(1), 1_000)).to.equal(1);
    expect(await within(new Promise(() => undefined), 1)).to.equal(undefined);
  });

  it('rejects with what the promise rejects with', async () => {
    const error = await within(Promise.reject(new Error('refused')), 1_000).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property('message', 'refused');
  });
});

describe('the processes of a peer', () => {
  if (process.platform !== 'linux') return;

  async function started(mark: string): Promise<ChildProcess> {
    // A child of its own process group, which its parent leaves behind.
    const child = spawn('sh', ['-c', 'sleep 60 & exec sleep 60'], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, [MARK_VARIABLE]: mark },
    });
    await once(child, 'spawn');
    while (markedProcesses(mark).length < 2) await new Promise((resolve) => setImmediate(resolve));
    return child;
  }

  it('are found by their mark, measured, and gone when they are killed', async () => {
    const mark = randomUUID();
    const child = await started(mark);
    const exited = once(child, 'exit');
    const pids = markedProcesses(mark);
    expect(pids).to.include(child.pid);
    expect(proportionalBytes(mark)).to.be.greaterThan(0);
    killMarked(mark);
    await exited;
    expect(markedProcesses(mark)).to.deep.equal([]);
    // A process that is ending gives up its environment first.
    while (pids.some(isRunning)) await new Promise((resolve) => setImmediate(resolve));
  });
});
