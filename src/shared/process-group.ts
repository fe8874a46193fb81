/** Signals to whole process groups. Windows has no groups: there, only the first process is signalled. */

/** Whether a child process can have a group of its own. */
export const HAS_PROCESS_GROUPS = process.platform !== 'win32';

/**
 * Sends a signal to a process.
 * @param pid a process id, or the negative of a group's id
 * @returns whether it existed and could be signalled; a process of another user cannot
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

/** Sends a signal to a group whose first process has not been reaped, so that its id cannot have been reused. */
export function signalGroup(group: number, signal: NodeJS.Signals | number): boolean {
  return signalProcess(HAS_PROCESS_GROUPS ? -group : group, signal);
}

/**
 * Sends a signal to a group whose first process has been reaped. The system gives no process an id that a group still
 * has. So if a process has that id, the group has been empty meanwhile, and the id means another group now.
 * @returns whether the group existed
 */
export function signalLeaderlessGroup(group: number, signal: NodeJS.Signals | number): boolean {
  if (!HAS_PROCESS_GROUPS || processExists(group)) return false;
  return signalProcess(-group, signal);
}

/** Whether a process has this id, of whatever user. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
