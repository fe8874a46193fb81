/** A separate control group, for faults of the machine that must not affect the rest of it. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterThisTest } from './cleanup.js';
import { until } from './deadline.js';

export interface Cgroup {
  /** Moves a process into it, with all its threads. */
  add(pid: number): void;
  readonly folder: string;
  has(file: string): boolean;
  read(file: string): string;
  write(file: string, value: string): void;
}

const ROOT = '/sys/fs/cgroup';
let lastId = 0;

/**
 * `undefined` if none can be made; the test is then skipped. It is removed after the test, when its processes are gone.
 */
export function createCgroup(controller: 'pids' | 'memory'): Cgroup | undefined {
  lastId += 1;
  const root = existsSync(join(ROOT, controller)) ? join(ROOT, controller) : ROOT;
  const folder = join(root, `bulkhead-test-${process.pid}-${lastId}`);
  const knob = controller === 'pids' ? 'pids.max' : 'memory.stat';
  try {
    mkdirSync(folder);
  } catch {
    // Not allowed, or there are no control groups here.
    return undefined;
  }
  afterThisTest(async () => {
    await until(
      () => readFileSync(join(folder, 'cgroup.procs'), 'utf8') === '',
      'the control group to be empty',
    );
    rmdirSync(folder);
  });
  if (!existsSync(join(folder, knob))) return undefined;
  return {
    folder,
    has: (file) => existsSync(join(folder, file)),
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    read: (file) => readFileSync(join(folder, file), 'utf8').trim(),
    write: (file, value) => writeFileSync(join(folder, file), value),
  };
}
