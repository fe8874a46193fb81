import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { LoadReport } from '../../../load/load-report.js';
import { afterThisTest } from '../../support/cleanup.js';
import { until, withDeadline } from '../../support/deadline.js';
import { temporaryFolder } from '../../support/load-files.js';
import { buildRoot } from '../../support/project.js';

const DEADLINE_MS = 60_000;

interface RunAll {
  readonly pid: number;
  /** What it has printed on both streams. */
  output(): string;
  exited(): Promise<number | null>;
  interrupt(): void;
}

function runAll(...args: readonly string[]): RunAll {
  const child = spawn(process.execPath, [join(buildRoot, 'load', 'run-all.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const closed = once(child, 'close').then(([code]) => code as number | null);
  afterThisTest(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exited: () => withDeadline(closed, () => `the end of load:all: ${output}`, DEADLINE_MS),
    interrupt: () => child.kill('SIGINT'),
  };
}

describe('npm run load:all', () => {
  it('runs a scenario from end to end and writes what it found', async function () {
    if (!existsSync('/proc/self')) this.skip();
    this.timeout(DEADLINE_MS);
    const results = temporaryFolder();
    const all = runAll('--quick', '--only', 'starting-burst', '--results', results);
    expect(await all.exited(), all.output()).to.equal(0);
    expect(all.output()).to.match(/^starting-burst: passed after \d+ s$/m);
    expect(all.output()).to.match(/^ +met +session-creation\.p99<1s: /m);
    const verdicts = JSON.parse(readFileSync(join(results, 'verdicts.json'), 'utf8'));
    expect(verdicts.verdicts).to.have.lengthOf(1);
    expect(verdicts.verdicts[0]).to.include({ scenario: 'starting-burst', passed: true, failure: null });
    const report = JSON.parse(readFileSync(join(results, 'starting-burst-burst.json'), 'utf8')) as LoadReport;
    expect(report.sessions).to.include({ created: 200, failed: 0, ended: 200 });
    expect(report.metrics?.checks.filter(({ agrees }) => !agrees)).to.deep.equal([]);
    expect(readFileSync(join(results, 'starting-burst-burst.html'), 'utf8')).to.match(/^<!doctype html>/i);
  });

  it('stops all that it has started at SIGINT', async function () {
    if (!existsSync(childrenFile(process.pid))) this.skip();
    const all = runAll('--quick', '--only', 'soak', '--results', temporaryFolder());
    await until(() => childrenOf(all.pid).length === 2, 'the gateway and the load', 15_000);
    const children = childrenOf(all.pid);
    all.interrupt();
    expect(await all.exited()).to.equal(130);
    await until(() => children.every((pid) => !runs(pid)), 'the end of its children');
  });

  it('refuses a scenario that there is not, with exit code 2', async () => {
    const all = runAll('--only', 'sock');
    expect(await all.exited()).to.equal(2);
    expect(all.output()).to.match(/^--only: there is no scenario "sock"\.\nUsage: /);
  });
});

/** Linux lists them for each thread; the main thread is the one that spawns. */
function childrenOf(pid: number): number[] {
  const list = readFileSync(childrenFile(pid), 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

function childrenFile(pid: number): string {
  return `/proc/${pid}/task/${pid}/children`;
}

/** A zombie only waits until its parent reaps it. */
function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}
