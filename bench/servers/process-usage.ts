/** What a process has used so far, from Linux's /proc; there is no such thing elsewhere without a native module. */
import { existsSync, readFileSync } from 'node:fs';

/** /proc counts in USER_HZ, which is 100 on every architecture that Node runs on. */
const TICK_US = 10_000;

const hasProc = existsSync('/proc/self/stat');

/**
 * User and system time of all threads of the process, ended ones included, in microseconds (proc(5), utime and
 * stime). `NaN` without /proc.
 */
export function cpuUs(pid: number): number {
  if (!hasProc) return Number.NaN;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces and parentheses: fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of the process in bytes. `NaN` without /proc. */
export function residentBytes(pid: number): number {
  if (!hasProc) return Number.NaN;
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
