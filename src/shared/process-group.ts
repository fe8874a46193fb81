/** Signals to whole process groups. Windows has none: there, a group is its first process alone. */

/** Whether a child process can be given a group of its own. */
export const HAS_PROCESS_GROUPS = process.platform !== 'win32';

/**
 * Sends a signal to a process.
 * @param pid a process id, or the negative of a group's.
 * @returns whether it was there and could be signalled; one of another user can't.
 */
export function signalProcess(pid: number, signal: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw thrown;
  }
}

/** Sends a signal to a group whose first process has not been reaped, so that its id can't mean another. */
export function signalGroup(group: number, signal: NodeJS.Signals | number): boolean {
  return signalProcess(HAS_PROCESS_GROUPS ? -group : group, signal);
}

/**
 * Sends a signal to a group whose first process is reaped. The system gives no process an id that a group still
 * has, so where a process has that id, the group was empty in between and the id means another one now.
 * @returns whether the group was there.
 */
export function signalLeaderlessGroup(group: number, signal: NodeJS.Signals | number): boolean {
  if (!HAS_PROCESS_GROUPS || processExists(group)) return false;
  return signalProcess(-group, signal);
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
