/**
 * Ends the processes that a session thread started itself with `node:child_process`. The keeper does not know them, and
 * one that `execSync` waits for blocks its thread until it ends.
 *
 * On Linux, if the kernel is built with CONFIG_PROC_CHILDREN, the system says which thread started a process, as long
 * as that thread lives. Elsewhere a process is recognised by the marker that it inherited with the thread's
 * environment.
 */
import { readFileSync } from 'node:fs';
import { signalProcess } from '../../shared/process-group.js';
import {
  HAS_PROCESS_TABLE,
  lookAtProcesses,
  type ProcessEntry,
  type ProcessLook,
} from '../../shared/process-table.js';

/** Searching continues as long as it finds new ones. A stopped process starts no more. */
const MAX_LOOKS = 10;

/** A session thread, as the system identifies it. */
export interface SystemThread {
  /** `undefined` if it is unknown. */
  readonly systemThreadId: number | undefined;
  /** The value of the child marker in its environment. */
  readonly marker: string;
}

/**
 * Sends SIGKILL to what the thread started and to all descendants of these processes.
 * @param search whether to search all processes if the system does not say who started them
 * @returns how many were killed; 0 if it is unknown which processes they are
 */
export function killChildrenOf(thread: SystemThread, search: boolean): number {
  if (!HAS_PROCESS_TABLE) return 0;
  const told = thread.systemThreadId === undefined ? undefined : childrenOfThread(thread.systemThreadId);
  if (told?.length === 0 || (told === undefined && !search)) return 0;
  const look = lookAtProcesses();
  if (look === undefined) return 0;
  // Read again, because a process id may have been reused.
  const roots = childrenIn(look).filter(
    ({ pid }) => told?.includes(pid) ?? look.marker(pid) === thread.marker,
  );
  return killTrees(roots, look);
}

/**
 * Sends SIGKILL to all descendants of this process, whoever started them. Only Linux says which they are.
 * @returns whether the descendants are known
 */
export function killDescendants(): boolean {
  if (!HAS_PROCESS_TABLE) return true;
  const look = lookAtProcesses();
  if (look === undefined) return false;
  killTrees(childrenIn(look), look);
  return true;
}

/** What this process has started or adopted. */
function childrenIn({ table }: ProcessLook): ProcessEntry[] {
  return [...table.values()].filter(({ parent }) => parent === process.pid);
}

/**
 * Stops all of them before it kills the first one. If one were killed while it starts another process, that process
 * could not be found any more.
 * @returns how many were killed
 */
function killTrees(roots: readonly ProcessEntry[], first: ProcessLook): number {
  const stopped = new Set<number>();
  let look: ProcessLook | undefined = first;
  let found = withDescendants(
    roots.map(({ pid }) => pid),
    first,
  );
  for (let looks = 0; looks < MAX_LOOKS && look !== undefined && found.size > stopped.size; looks += 1) {
    for (const pid of found) {
      if (!stopped.has(pid)) signalProcess(pid, 'SIGSTOP');
      stopped.add(pid);
    }
    look = lookAtProcesses();
    if (look !== undefined) found = withDescendants([...stopped], look);
  }
  let killed = 0;
  for (const pid of found) if (signalProcess(pid, 'SIGKILL')) killed += 1;
  return killed;
}

/** proc(5), `/proc/pid/task/tid/children`; `undefined` if there is no such file, or no descriptor to read it. */
function childrenOfThread(systemThreadId: number): number[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/self/task/${systemThreadId}/children`, 'latin1');
  } catch {
    // Then only the marker identifies them.
    return undefined;
  }
  return text.split(' ').filter(Boolean).map(Number);
}

function withDescendants(roots: readonly number[], { table }: ProcessLook): Set<number> {
  const found = new Set(roots);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { pid, parent } of table.values()) if (found.has(parent)) found.add(pid);
  }
  return found;
}
