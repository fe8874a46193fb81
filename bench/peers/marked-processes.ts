/**
 * All processes of one measured server, from Linux's /proc: found by a mark in their environment, since a proxy
 * starts its servers in process groups of their own, and a child outlives its parent.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Not `BULKHEAD_…`, which a gateway never passes on to the servers that it starts. */
export const MARK_VARIABLE = 'MCP_BENCH_MARK';

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It ended since it was listed (ESRCH once its file is open), or belongs to somebody else.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** Those that run; one that has ended has no environment. */
export function markedProcesses(mark: string): number[] {
  const entry = `${MARK_VARIABLE}=${mark}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => contents(`/proc/${pid}/environ`)?.split('\0').includes(entry))
    .map(Number);
}

/** Kills them until none is left, also those that are started meanwhile. Synchronous, so that an exit can do it. */
export function killMarked(mark: string): void {
  for (let pids = markedProcesses(mark); pids.length > 0; pids = markedProcesses(mark)) {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

/**
 * Proportional set size of a process in bytes (proc(5), smaps_rollup): a page that several share counts once, so that
 * Node's own code doesn't count again for each process. 0 when it has ended.
 */
export function proportionalBytesOf(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(contents(`/proc/${pid}/smaps_rollup`) ?? '');
  return Number(match?.[1] ?? 0) * 1024;
}

/** That of all of them. */
export function proportionalBytes(mark: string): number {
  return markedProcesses(mark).reduce((sum, pid) => sum + proportionalBytesOf(pid), 0);
}

/** Whether the process runs: one that has ended and was not reaped does not. */
export function isRunning(pid: number): boolean {
  const status = contents(`/proc/${pid}/stat`);
  if (status === undefined) return false;
  const state = status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3);
  return state !== 'Z' && state !== 'X';
}
