/**
 * How many threads libuv's pool may have. All sessions share it for files, name look-ups, compression and cryptography, and
 * four threads, which is what libuv makes of its own accord, are held by four opens of FIFOs in one session.
 */
import { join } from 'node:path';
import { controlGroupFolders, readText } from '../isolation/control-groups.js';

/** Together they cost 1 MiB of memory and 8 to 9 ms of the start (Node 20, Linux). */
const MOST_THREADS = 128;
/** What libuv makes by itself. */
const LIBUV_THREADS = 4;
/** Of the threads that the system would still give: libuv ends the process when it gets none, and sessions need some, too. */
const SHARE_OF_FREE = 1 / 8;

/** @returns `undefined` where there is no room for more than libuv makes by itself, or nothing can be known. */
export function libuvPoolSize(
  platform: NodeJS.Platform = process.platform,
  procRoot = '/proc',
  cgroupRoot = '/sys/fs/cgroup',
): number | undefined {
  // Elsewhere threads do not count against limits of processes.
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

/** Below the nearest of the limits to threads (fork(2), EAGAIN). The user's own threads are taken for all that the machine has. */
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

/** `NaN` where the file can't be read. */
function softLimit(procRoot: string, row: RegExp): number {
  const [, limit] = row.exec(readText(join(procRoot, 'self/limits')) ?? '') ?? [];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Without limit where it says so (`max`), or where there is no such file. */
function numberIn(file: string): number {
  const text = readText(file) ?? 'max';
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}
