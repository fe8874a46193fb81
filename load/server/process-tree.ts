/** What a process and all its descendants use, as reported by /proc on Linux. */
import type { ProcessSample } from '../load-report.js';
import { type ProcessStat, ProcFiles } from './proc-files.js';
import { ServerUnreadable } from './server-unreadable.js';

export type TreeFigures = Omit<ProcessSample, 'atMs'>;

/** A process of the tree. */
interface Member {
  readonly stat: ProcessStat;
  /**
   * The part of ended children that has been counted already. It will be in this process's `childrenCpuMs` when it
   * waits for them.
   */
  readonly countedMs: number;
}

/**
 * A process that was once seen in the tree stays in it, even if its parent ends and it gets another one. Processes are
 * found by the parents' ids in `stat`: `task/<tid>/children` does not exist in every kernel, misses processes while
 * others come and go, and is a file for each thread, of which a server may have hundreds.
 */
export class ProcessTree {
  readonly #files: ProcFiles;
  readonly #root: ProcessStat;
  /** `undefined` before the first sample. */
  #members: ReadonlyMap<number, Member> | undefined;
  #cpuMs = 0;

  /** @throws {ServerUnreadable} if this is not Linux, or there is no such process */
  constructor(
    pid: number,
    options: { readonly platform?: NodeJS.Platform; readonly files?: ProcFiles } = {},
  ) {
    if ((options.platform ?? process.platform) !== 'linux') {
      throw new ServerUnreadable("--pid needs Linux's /proc, which this system doesn't have.");
    }
    this.#files = options.files ?? new ProcFiles();
    const root = this.#files.stat(pid);
    if (root === undefined) throw new ServerUnreadable(`There is no process ${pid}.`);
    this.#root = root;
  }

  /**
   * Reads one file of each process of the machine, 15 to 30 µs each. Processor time counts from the first sample.
   * @returns `undefined` if the process itself has ended; its descendants may still live
   * @throws {ServerUnreadable} if a process of the tree belongs to another user
   */
  sample(): TreeFigures | undefined {
    const stats = this.#find();
    if (stats === undefined) return undefined;
    this.#members = this.#account(stats);
    const pids = stats.map(({ pid }) => pid);
    return {
      processes: stats.length,
      threads: sum(stats.map(({ threads }) => threads)),
      descriptors: sum(pids.map((pid) => this.#descriptors(pid))),
      residentBytes: sum(pids.map((pid) => this.#files.residentBytes(pid))),
      cpuMs: this.#cpuMs,
    };
  }

  #find(): ProcessStat[] | undefined {
    const alive = this.#files.processes();
    const root = alive.find((stat) => isSame(stat, this.#root));
    if (root === undefined) return undefined;
    const children = new Map<number, ProcessStat[]>();
    for (const stat of alive) {
      const siblings = children.get(stat.parent);
      if (siblings === undefined) children.set(stat.parent, [stat]);
      else siblings.push(stat);
    }
    const tree = new Set([root, ...alive.filter((stat) => isSame(stat, this.#members?.get(stat.pid)?.stat))]);
    for (const { pid } of tree) for (const child of children.get(pid) ?? []) tree.add(child);
    return [...tree];
  }

  /**
   * Adds the processor time since the last sample. A process that has ended is counted up to when it was last seen. The
   * rest of it, and all time of processes that were never seen, is added when its parent waits for it.
   */
  #account(stats: readonly ProcessStat[]): ReadonlyMap<number, Member> {
    const before = this.#members;
    const credits = creditsOf(before ?? new Map(), stats);
    const members = new Map<number, Member>();
    for (const stat of stats) {
      const last = before?.get(stat.pid);
      if (last === undefined || !isSame(stat, last.stat)) {
        if (before !== undefined) this.#cpuMs += stat.ownCpuMs + stat.childrenCpuMs;
        members.set(stat.pid, { stat, countedMs: 0 });
        continue;
      }
      const waitedForMs = stat.childrenCpuMs - last.stat.childrenCpuMs;
      const countedMs = last.countedMs + (credits.get(stat.pid) ?? 0);
      this.#cpuMs += stat.ownCpuMs - last.stat.ownCpuMs + Math.max(0, waitedForMs - countedMs);
      members.set(stat.pid, { stat, countedMs: Math.max(0, countedMs - waitedForMs) });
    }
    return members;
  }

  #descriptors(pid: number): number {
    try {
      return this.#files.descriptors(pid);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      throw new ServerUnreadable(
        `The descriptors of process ${pid} cannot be read, because it is another user's: run the load as that user or as root.`,
        { cause: error },
      );
    }
  }
}

/** What the ended processes had used when they were last seen, by the living process that has to wait for them. */
function creditsOf(before: ReadonlyMap<number, Member>, alive: readonly ProcessStat[]): Map<number, number> {
  const living = new Set(
    alive.filter((stat) => isSame(stat, before.get(stat.pid)?.stat)).map(({ pid }) => pid),
  );
  const credits = new Map<number, number>();
  for (const { stat, countedMs } of before.values()) {
    if (living.has(stat.pid)) continue;
    // Its parent may have ended too; its time was then passed on to the parent's own parent.
    let ancestor: number | undefined = stat.parent;
    while (ancestor !== undefined && !living.has(ancestor)) ancestor = before.get(ancestor)?.stat.parent;
    if (ancestor === undefined) continue;
    const usedMs = stat.ownCpuMs + stat.childrenCpuMs + countedMs;
    credits.set(ancestor, (credits.get(ancestor) ?? 0) + usedMs);
  }
  return credits;
}

function isSame(one: ProcessStat, other: ProcessStat | undefined): boolean {
  return one.pid === other?.pid && one.startedAt === other.startedAt;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
