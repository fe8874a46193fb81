/** What /proc on Linux says about processes. Other systems have nothing comparable. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { CHILD_MARKER } from './keeper-frames.js';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. Together with the pid it identifies one process forever; a pid alone is reused. */
  readonly startTicks: number;
  /** Dead, and waiting to be reaped by its parent. */
  readonly zombie: boolean;
}

/** A snapshot of all processes; some come and go while it is taken. */
export interface ProcessLook {
  readonly table: ReadonlyMap<number, ProcessEntry>;
  /** The child marker in the environment with which a process was started; read once for each snapshot. */
  marker(pid: number): string | undefined;
}

export const HAS_PROCESS_TABLE = process.platform === 'linux';

const MARKER_ENTRY = `\0${CHILD_MARKER}=`;
const CHUNK_BYTES = 64 * 1024;
/** Linux tells all programs times in these units, whatever its own are (time(7), "The software clock"). */
const TICK_MS = 10;
/** execve(2): arguments and environment have a quarter of the stack's limit, usually 8 MiB. A process can claim more. */
const MAX_ENVIRONMENT_BYTES = 2 * 1024 * 1024;
/** One for all: it is read synchronously. */
let chunk: Buffer | undefined;

/**
 * Takes a snapshot. `undefined` if there is no process table, if it cannot be read, or while the gateway has no file
 * descriptor left, which a tool can cause. Then nothing is known.
 */
export function lookAtProcesses(): ProcessLook | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  const table = new Map<number, ProcessEntry>();
  try {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      const entry = Number.isInteger(pid) ? parseStat(pid, readStat(pid)) : undefined;
      if (entry !== undefined) table.set(pid, entry);
    }
  } catch {
    // EMFILE or ENFILE, or /proc is not mounted: the consequence is the same.
    return undefined;
  }
  const markers = new Map<number, string | undefined>();
  return {
    table,
    marker(pid) {
      if (!markers.has(pid)) markers.set(pid, readMarker(pid));
      return markers.get(pid);
    },
  };
}

/** proc(5): the kernel needs CONFIG_PROC_CHILDREN. */
export function tellsChildren(): boolean {
  return HAS_PROCESS_TABLE && existsSync(`/proc/self/task/${process.pid}/children`);
}

/**
 * These processes and all their descendants that have not lost a parent. Nothing else is read, which matters where
 * others have many processes. Like `lookAtProcesses`, but without markers. Only where `tellsChildren`.
 */
export function lookAtTrees(roots: Iterable<number>): ProcessLook | undefined {
  const table = new Map<number, ProcessEntry>();
  const waiting = [...roots];
  try {
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const entry = table.has(pid) ? undefined : parseStat(pid, readStat(pid));
      if (entry === undefined) continue;
      table.set(pid, entry);
      if (!entry.zombie) waiting.push(...childrenOf(pid));
    }
  } catch {
    // EMFILE or ENFILE.
    return undefined;
  }
  return { table, marker: () => undefined };
}

/**
 * All processes with a child marker. Nothing else is read, which is much faster than a snapshot.
 * @throws if /proc cannot be read
 */
export function* markedProcesses(): Generator<{ readonly pid: number; readonly marker: string }> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const marker = Number.isInteger(pid) ? readMarker(pid) : undefined;
    if (marker !== undefined) yield { pid, marker };
  }
}

/** One process, or `undefined` if there is none with that id or nothing is known about it. */
export function readProcess(pid: number): ProcessEntry | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  try {
    return parseStat(pid, readStat(pid));
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) return undefined;
    throw thrown;
  }
}

/**
 * Processor time of a thread of this process so far, in milliseconds: sched-stats.rst, `/proc/pid/task/tid/schedstat`.
 * `undefined` if it is not known: the thread has ended, say, or the kernel is built without it.
 */
export function threadProcessorMs(systemThreadId: number): number | undefined {
  const [spentNs] = readFields(`/proc/self/task/${systemThreadId}/schedstat`) ?? [];
  const ms = Number(spentNs) / 1e6;
  return Number.isFinite(ms) ? ms : undefined;
}

/**
 * Processor time of a process and of its children that it has waited for, in milliseconds. `undefined` if it is not known: the
 * process is gone, say.
 */
export function processProcessorMs(pid: number): number | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  const fields = readFields(`/proc/${pid}/stat`);
  // utime, stime, cutime and cstime, in clock ticks.
  const ticks = fields?.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks !== undefined && Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
}

/** What the file has behind the name of the program, if that is in it. */
function readFields(path: string): string[] | undefined {
  try {
    const [text = ''] = readParts(path);
    return text.slice(text.includes(')') ? text.lastIndexOf(')') + 2 : 0).split(' ');
  } catch {
    // Gone, or no descriptor is left. Whoever reads it does so again soon.
    return undefined;
  }
}

/** proc(5), `/proc/pid/stat`. */
function parseStat(pid: number, stat: string | undefined): ProcessEntry | undefined {
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Number(fields[19]),
    zombie: state === 'Z' || state === 'X',
  };
}

/**
 * The child marker in the environment of a process; also `undefined` if that cannot be read. In the middle of `execve` a
 * process has none.
 */
function readMarker(pid: number): string | undefined {
  const environment = `\0${readEnvironment(pid)}`;
  const start = environment.indexOf(MARKER_ENTRY);
  return start < 0 ? undefined : environment.slice(start + MARKER_ENTRY.length).split('\0', 1)[0];
}

/** Empty if the process is gone, is the kernel's or of another user, or no file descriptor is left. */
function readEnvironment(pid: number): string {
  const text: string[] = [];
  try {
    for (const part of readParts(`/proc/${pid}/environ`, MAX_ENVIRONMENT_BYTES)) text.push(part);
  } catch {
    // What has been read may still contain the marker.
  }
  return text.join('');
}

/** proc(5), `/proc/pid/task/tid/children`: each thread has those that it has started. */
function childrenOf(pid: number): number[] {
  const children: number[] = [];
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = [...readParts(`/proc/${pid}/task/${thread}/children`)].join('');
      for (const child of text.split(' ')) if (child !== '') children.push(Number(child));
    }
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) throw thrown;
    // The process or the thread has ended.
  }
  return children;
}

/** Faster than `readFileSync`, which asks for the size first: files in /proc have none. */
function* readParts(path: string, maxBytes = Number.POSITIVE_INFINITY): Generator<string> {
  chunk ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const descriptor = openSync(path, 'r');
  try {
    let total = 0;
    for (let bytes = -1; bytes !== 0 && total < maxBytes; total += bytes) {
      bytes = readSync(descriptor, chunk);
      yield chunk.toString('latin1', 0, bytes);
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * `undefined` if the process is gone, or belongs to another user and its file cannot be read.
 * @throws if the gateway has no file descriptor left: nothing is known about the process then
 */
function readStat(pid: number): string | undefined {
  try {
    // One part has all of it: the first read gives as much as there is.
    const [stat] = readParts(`/proc/${pid}/stat`);
    return stat;
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) throw thrown;
    return undefined;
  }
}

function isOutOfDescriptors(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}
