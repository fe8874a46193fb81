/** What the process table says about some processes and their descendants, without reading about all others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { lookAtProcesses, lookAtTrees, tellsChildren } from '../../src/shared/process-table.js';
import { afterThisTest } from '../support/cleanup.js';

/** A shell with two descendants, one of which is the other's parent. Each writes its id. */
async function tree(): Promise<number[]> {
  const script = 'sh -c "echo \\$\\$; sleep 600 & echo \\$!; wait" & wait';
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const exited = once(shell, 'exit');
  const pid = shell.pid!;
  afterThisTest(async () => {
    process.kill(-pid, 'SIGKILL');
    await exited;
  });
  const pids = [pid];
  for await (const line of createInterface({ input: shell.stdout })) {
    pids.push(Number(line));
    if (pids.length === 3) break;
  }
  return pids;
}

describe('A look at a tree of processes', () => {
  before(function () {
    if (!tellsChildren()) this.skip();
  });

  it('finds its root and all descendants, as a look at all processes does', async () => {
    const pids = await tree();
    const found = lookAtTrees([pids[0]!])!.table;
    expect([...found.keys()]).to.have.members(pids);
    const all = lookAtProcesses()!.table;
    for (const pid of pids) expect(found.get(pid)).to.deep.equal(all.get(pid));
  });

  it('finds nothing of a process that does not exist', () => {
    expect(lookAtTrees([2 ** 22 + 1])!.table.size).to.equal(0);
  });
});
