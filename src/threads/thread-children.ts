/**
 * Ends the processes that a session thread started by itself, with `node:child_process`. They are not the keeper's, and
 * one that is waited for in `execSync` holds its thread until it ends.
 *
 * Linux tells which thread started a process, as long as that thread lives, where it is built to (CONFIG_PROC_CHILDREN).
 * Elsewhere a process is known by the marker that it inherited with the thread's environment.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { CHILD_MARKER } from '../shared/keeper-frames.js';
import { signalProcess } from '../shared/process-group.js';

/** As long as it finds new ones; one that is stopped starts no more. */
const MAX_LOOKS = 10;

/** A session thread as the system knows it. */
export interface SystemThread {
  /** `undefined` where it is not known. */
  readonly systemThreadId: number | undefined;
  /** The value of the child marker in its environment. */
  readonly marker: string;
}

/**
 * Sends SIGKILL to what the thread started and to all descendants of that.
 * @param search also where the system does not tell whose they are: it takes a look at all processes
 * @returns how many were killed
 */
export function killChildrenOf(thread: SystemThread, search: boolean): number {
  if (process.platform !== 'linux') return 0;
  const told = thread.systemThreadId === undefined ? undefined : childrenOfThread(thread.systemThreadId);
  if (told?.length === 0 || (told === undefined && !search)) return 0;
  const parents = parentsOfAll();
  const roots = (told ?? [...parents.keys()].filter((pid) => markerOf(pid) === thread.marker)).filter(
    // Read again: a process id may have come to mean another process.
    (pid) => parents.get(pid) === process.pid,
  );
  return killTrees(roots, parents);
}

/** Sends SIGKILL to all descendants of this process, whoever started them; only Linux says who they are. */
export function killDescendants(): void {
  if (process.platform !== 'linux') return;
  const parents = parentsOfAll();
  killTrees(
    [...parents.keys()].filter((pid) => parents.get(pid) === process.pid),
    parents,
  );
}

/**
 * Stops all of them before it kills the first: one that is killed while it starts another would leave that one behind, which
 * nobody could find any more.
 * @returns how many were killed.
 */
function killTrees(roots: readonly number[], parents: ReadonlyMap<number, number>): number {
  const stopped = new Set<number>();
  let found = withDescendants(roots, parents);
  for (let look = 0; look < MAX_LOOKS && found.size > stopped.size; look += 1) {
    for (const pid of found) {
      if (!stopped.has(pid)) signalProcess(pid, 'SIGSTOP');
      stopped.add(pid);
    }
    found = withDescendants([...stopped], parentsOfAll());
  }
  let killed = 0;
  for (const pid of found) if (signalProcess(pid, 'SIGKILL')) killed += 1;
  return killed;
}

/** proc(5), `/proc/pid/task/tid/children`; `undefined` where there is no such file. */
function childrenOfThread(systemThreadId: number): number[] | undefined {
  const text = readText(`/proc/self/task/${systemThreadId}/children`);
  return text?.split(' ').filter(Boolean).map(Number);
}

/** Of all processes, by process id. */
function parentsOfAll(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readText(`/proc/${pid}/stat`) : undefined;
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    if (stat !== undefined) parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 2)[1]));
  }
  return parents;
}

function withDescendants(roots: readonly number[], parents: ReadonlyMap<number, number>): Set<number> {
  const found = new Set(roots);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return found;
}

function markerOf(pid: number): string | undefined {
  const start = `\0${CHILD_MARKER}=`;
  const environment = `\0${readText(`/proc/${pid}/environ`) ?? ''}`;
  const index = environment.indexOf(start);
  return index === -1 ? undefined : environment.slice(index + start.length).split('\0', 1)[0];
}

/** `undefined` when it is gone, another user's, or there is no descriptor left to read it. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // The caller can do nothing else about a process that is gone, or that it may not look at.
    return undefined;
  }
}
