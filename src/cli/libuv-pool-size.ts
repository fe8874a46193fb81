/**
 * How many threads libuv's pool may have. All sessions share it for files, name look-ups, compression and cryptography.
 * Its default is four threads, which four opens of FIFOs in one session would block.
 */
import { join } from 'node:path';
import { controlGroupFolders, readText } from '../isolation/control-groups.js';

/** Together they take 1 MiB of memory and 8 to 9 ms of the start (Node 20, Linux). */
const MOST_THREADS = 128;
/** libuv's default. */
const LIBUV_THREADS = 4;
/**
 * The share of the threads that the process may still start. libuv ends the process if it gets none, and sessions need
 * some too.
 */
const SHARE_OF_FREE = 1 / 8;

/** @returns `undefined` if there is no room for more than libuv's default, or nothing is known */
export function libuvPoolSize(
  platform: NodeJS.Platform = process.platform,
  procRoot = '/proc',
  cgroupRoot = '/sys/fs/cgroup',
): number | undefined {
  // Elsewhere threads do not count towards limits of processes.
  if (platform !== 'linux') return MOST_THREADS;
  if (!hasAddressSpace(procRoot)) return undefined;
  const size = Math.min(MOST_THREADS, Math.floor(freeThreads(procRoot, cgroupRoot) * SHARE_OF_FREE));
  return size > LIBUV_THREADS ? size : undefined;
}

/** The stack of each thread takes 8 MiB of address space, though hardly any memory. */
function hasAddressSpace(procRoot: string): boolean {
  const strictlyCounted = readText(join(procRoot, 'sys/vm/overcommit_memory')) === '2';
  return !strictlyCounted && softLimit(procRoot, /^Max address space +(\S+)/m) === Number.POSITIVE_INFINITY;
}

/**
 * How many threads the process may still start before it reaches a limit (fork(2), EAGAIN). It is assumed that the
 * user's own threads are all that the machine has.
 */
function freeThreads(procRoot: string, cgroupRoot: string): number {
  const threads = Number(/\/(\d+) /.exec(readText(join(procRoot, 'loadavg')) ?? '')?.[1]);
  let free = softLimit(procRoot, /^Max processes +(\S+)/m) - threads;
  for (const name of ['threads-max', 'pid_max']) {
    free = Math.min(free, numberIn(join(procRoot, 'sys/kernel', name)) - threads);
  }
  for (const folder of controlGroupFolders('pids', join(procRoot, 'self'), cgroupRoot)) {
    const limit = numberIn(join(folder, 'pids.max'));
    if (limit !== Number.POSITIVE_INFINITY)
      free = Math.min(free, limit - numberIn(join(folder, 'pids.current')));
  }
  return free;
}

/** `NaN` if the file cannot be read. */
function softLimit(procRoot: string, row: RegExp): number {
  const [, limit] = row.exec(readText(join(procRoot, 'self/limits')) ?? '') ?? [];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Infinite if the file says so (`max`), or if there is no such file. */
function numberIn(file: string): number {
  const text = readText(file) ?? 'max';
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}
