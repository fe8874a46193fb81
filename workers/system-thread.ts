/** A session thread as the system knows it: its id and its priority. */
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Lowers this thread's priority, only now that it is ready. If other sessions' threads keep all processors busy, a
 * thread with low priority would hardly start, and the session that waits for it would give up.
 */
export function stepBack(systemThreadId: number | undefined, linuxPriority: number | undefined): void {
  if (linuxPriority === undefined || systemThreadId === undefined) return;
  try {
    setPriority(systemThreadId, linuxPriority);
  } catch {
    // Not allowed: `ready` then reports another niceness than expected, and the log says so.
  }
}

/** On Linux each thread has an id, with its own nice value and child processes. */
export function ownSystemThreadId(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    // No /proc, or no descriptor left to read it.
    return undefined;
  }
}

/** This thread's own nice value: on Linux `getpriority(0)` refers to the calling thread, elsewhere to the process. */
export function niceness(): number | undefined {
  return process.platform === 'linux' ? getPriority(0) : undefined;
}
