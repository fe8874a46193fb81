import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { libuvPoolSize } from '../../../src/cli/libuv-pool-size.js';
import { afterThisTest } from '../../support/cleanup.js';

const LIMITS = (processes: string, addressSpace = 'unlimited'): string =>
  [
    'Limit                     Soft Limit           Hard Limit           Units',
    `Max processes             ${processes}                96365                processes`,
    `Max address space         ${addressSpace}            unlimited            bytes`,
  ].join('\n');

/** The size on Linux with 200 threads, these files and no other limits. */
function sizeWith(files: Readonly<Record<string, string>>): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-pids-'));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  const all = {
    'proc/loadavg': '0.1 0.2 0.3 2/200 4711',
    'proc/self/limits': LIMITS('unlimited'),
    'proc/self/cgroup': '0::/app',
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${text}\n`);
  }
  return libuvPoolSize('linux', join(folder, 'proc'), join(folder, 'cgroup'));
}

describe("the size of libuv's pool", () => {
  it('is 128 threads where nothing limits them', () => {
    expect(sizeWith({})).to.equal(128);
    expect(libuvPoolSize('darwin')).to.equal(128);
  });

  it('is an eighth of the threads that the container may still have, by the narrowest group above it', () => {
    const version2 = { 'cgroup/app/pids.max': 'max', 'cgroup/app/pids.current': '5' };
    expect(sizeWith(version2)).to.equal(128);
    expect(sizeWith({ ...version2, 'cgroup/pids.max': '100', 'cgroup/pids.current': '20' })).to.equal(10);
    const version1 = {
      'proc/self/cgroup': '8:pids:/docker/abc\n0::/',
      'cgroup/pids/docker/abc/pids.max': '512',
      'cgroup/pids/docker/abc/pids.current': '12',
    };
    expect(sizeWith(version1)).to.equal(62);
  });

  it('is an eighth of the threads that the user and the machine may still have', () => {
    expect(sizeWith({ 'proc/self/limits': LIMITS('1000') })).to.equal(100);
    expect(sizeWith({ 'proc/sys/kernel/threads-max': '360' })).to.equal(20);
    expect(sizeWith({ 'proc/sys/kernel/pid_max': '360' })).to.equal(20);
  });

  it("is libuv's own where hardly any thread is free, address space is limited, or nothing can be known", () => {
    expect(sizeWith({ 'proc/self/limits': LIMITS('210') })).to.equal(undefined);
    expect(sizeWith({ 'proc/self/limits': LIMITS('100') })).to.equal(undefined);
    expect(sizeWith({ 'proc/self/limits': LIMITS('unlimited', '4294967296') })).to.equal(undefined);
    expect(sizeWith({ 'proc/sys/vm/overcommit_memory': '2' })).to.equal(undefined);
    expect(sizeWith({ 'proc/loadavg': '' })).to.equal(undefined);
    expect(sizeWith({ 'proc/self/limits': '' })).to.equal(undefined);
  });
});
