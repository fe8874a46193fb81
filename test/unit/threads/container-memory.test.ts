import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { findContainerMemory } from '../../../src/isolation/container-memory.js';
import { MemoryPressure } from '../../../src/isolation/memory-pressure.js';
import type { SessionWorker } from '../../../src/isolation/worker.js';
import { afterThisTest } from '../../support/cleanup.js';

const MEBIBYTE = 1024 * 1024;

/** Files as the kernel shows them, in a separate folder. */
function system(files: Readonly<Record<string, string>>): { proc: string; cgroups: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-cgroup-'));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${text}\n`);
  }
  return { folder, proc: join(folder, 'proc'), cgroups: join(folder, 'cgroup') };
}

describe('the memory of a container', () => {
  it('is read from version 2, without cached files', () => {
    const { proc, cgroups } = system({
      'proc/cgroup': '0::/app',
      'cgroup/app/memory.max': String(600 * MEBIBYTE),
      'cgroup/app/memory.current': String(500 * MEBIBYTE),
      'cgroup/app/memory.stat': `anon 1\ninactive_file ${60 * MEBIBYTE}\nactive_file ${40 * MEBIBYTE}\nslab 5`,
    });
    const memory = findContainerMemory(proc, cgroups);
    expect(memory?.share(0.5)).to.equal(400 / 600);
    expect(memory?.share(0.9), 'where there is no hurry').to.equal(500 / 600);
  });

  it('is read from version 1', () => {
    const { proc, cgroups } = system({
      'proc/cgroup': '3:cpu:/\n4:memory:/docker/abc\n0::/',
      'cgroup/memory/docker/abc/memory.limit_in_bytes': String(100 * MEBIBYTE),
      'cgroup/memory/docker/abc/memory.usage_in_bytes': String(50 * MEBIBYTE),
      'cgroup/memory/docker/abc/memory.stat': `total_inactive_file ${10 * MEBIBYTE}`,
      'cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    });
    const memory = findContainerMemory(proc, cgroups);
    expect(memory?.share(0)).to.equal(0.4);
  });

  it('is that of the narrowest group above it, and of the mount where the path leads nowhere', () => {
    const { proc, cgroups } = system({
      'proc/cgroup': '0::/not/mounted/here',
      'cgroup/memory.max': String(300 * MEBIBYTE),
      'cgroup/memory.current': String(30 * MEBIBYTE),
      'cgroup/not/memory.max': String(900 * MEBIBYTE),
    });
    expect(findContainerMemory(proc, cgroups)?.share(0)).to.equal(0.1);
  });

  it('is unknown without a limit', () => {
    const { proc, cgroups } = system({ 'proc/cgroup': '0::/', 'cgroup/memory.max': 'max' });
    expect(findContainerMemory(proc, cgroups)).to.equal(undefined);
  });
});

describe('a container that is nearly full', () => {
  it('gets no thread, loses the one that holds most, and then starts threads again', () => {
    let share = 0.8;
    const ended: string[] = [];
    const thread = (name: string, mebibytes: number): SessionWorker =>
      ({
        state: 'claimed',
        memoryBytes: mebibytes * MEBIBYTE,
        kill: (cause: string, message: string) => ended.push(`${name} ${cause} ${message}`),
      }) as unknown as SessionWorker;
    const threads = new Set([thread('small', 40), thread('large', 120), thread('middle', 80)]);
    let eased = 0;
    const memory = { share: () => share };
    const pressure = new MemoryPressure(
      threads,
      () => {
        eased += 1;
      },
      memory,
    );
    afterThisTest(() => pressure.close());

    pressure.look(0);
    expect(pressure.nearlyFull).to.equal(false);
    share = 0.91;
    pressure.look(100);
    expect(pressure.nearlyFull).to.equal(true);
    expect(ended).to.have.length(1);
    expect(ended[0]).to.match(/^large out_of_memory .*container is nearly full.*120 MiB/);
    pressure.look(200);
    expect(ended, 'its memory has not been given back yet').to.have.length(1);
    share = 0.88;
    pressure.look(700);
    expect([ended.length, pressure.nearlyFull, eased]).to.deep.equal([1, true, 0]);
    share = 0.84;
    pressure.look(800);
    expect([ended.length, pressure.nearlyFull, eased]).to.deep.equal([1, false, 1]);
  });

  it('keeps threads that hold little: another process fills it', () => {
    const small = { state: 'claimed', memoryBytes: MEBIBYTE, kill: () => expect.fail('it was ended') };
    const memory = { share: () => 0.99 };
    const pressure = new MemoryPressure(new Set([small as unknown as SessionWorker]), () => {}, memory);
    afterThisTest(() => pressure.close());
    pressure.look(0);
    expect(pressure.nearlyFull).to.equal(true);
  });
});
