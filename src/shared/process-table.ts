/** What Linux's /proc tells about processes. Other systems have nothing of the kind. */
import { readdirSync, readFileSync } from 'node:fs';
import { CHILD_MARKER } from './keeper-frames.js';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. Together with the pid it names one process for ever: a pid alone is used again. */
  readonly startTicks: number;
  /** Dead, and only waits for its parent to take notice. */
  readonly zombie: boolean;
}

/** One look at all processes; they come and go while it is taken. */
export interface ProcessLook {
  readonly table: ReadonlyMap<number, ProcessEntry>;
  /** The child marker in the environment that a process was started with; read once for each look. */
  marker(pid: number): string | undefined;
}

export const HAS_PROCESS_TABLE = process.platform === 'linux';

/**
 * Takes a look. `undefined` where there is no process table, or it can't be read, and while the gateway is out of file
 * descriptors, which a tool can bring about: then nothing is known.
 */
export function lookAtProcesses(): ProcessLook | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  const table = new Map<number, ProcessEntry>();
  try {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      const entry = Number.isInteger(pid) ? parseStat(pid, readProcFile(pid, 'stat')) : undefined;
      if (entry !== undefined) table.set(pid, entry);
    }
  } catch {
    // EMFILE or ENFILE, or /proc is not mounted: for whoever looks it comes to the same.
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

/** One process, or `undefined` when there is none of that id or it can't be known. */
export function readProcess(pid: number): ProcessEntry | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  try {
    return parseStat(pid, readProcFile(pid, 'stat'));
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) return undefined;
    throw thrown;
  }
}

/** proc(5), `/proc/pid/stat`. */
function parseStat(pid: number, stat: string | undefined): ProcessEntry | undefined {
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
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

function readMarker(pid: number): string | undefined {
  const name = `\0${CHILD_MARKER}=`;
  let environment: string;
  try {
    environment = `\0${readProcFile(pid, 'environ') ?? ''}`;
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) return undefined;
    throw thrown;
  }
  const start = environment.indexOf(name);
  return start < 0 ? undefined : environment.slice(start + name.length).split('\0', 1)[0];
}

/**
 * `undefined` when the process is gone, or is another user's and hides the file.
 * @throws when the gateway is out of file descriptors: then it says nothing about the process.
 */
function readProcFile(pid: number, file: 'stat' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (thrown) {
    if (isOutOfDescriptors(thrown)) throw thrown;
    return undefined;
  }
}

function isOutOfDescriptors(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}
