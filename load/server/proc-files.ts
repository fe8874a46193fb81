/** What Linux reports about processes in /proc. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The kernel's ABI uses 100 on every architecture on which Node runs, whatever the kernel's own clock is. */
const MS_PER_TICK = 1000 / 100;

/** From `/proc/<pid>/stat`. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly threads: number;
  /** When it started, in ticks since the machine started. It distinguishes two processes with the same id. */
  readonly startedAt: number;
  /** Its own time, user and system. */
  readonly ownCpuMs: number;
  /** The time of its ended children for which it has waited, and of those for which they waited. */
  readonly childrenCpuMs: number;
}

export class ProcFiles {
  readonly #root: string;
  readonly #sizeIsCount: boolean;

  /** @param root where `proc` is mounted */
  constructor(root = '/proc') {
    this.#root = root;
    this.#sizeIsCount = this.#countsDescriptors();
  }

  /** All processes, except those that have ended and not been waited for, which use nothing. */
  processes(): ProcessStat[] {
    const names = readdirSync(this.#root).filter((name) => /^\d+$/.test(name));
    return names.map((name) => this.stat(Number(name))).filter((stat) => stat !== undefined);
  }

  /** @returns `undefined` if it has ended */
  stat(pid: number): ProcessStat | undefined {
    const text = this.#read(pid, 'stat');
    if (text === undefined) return undefined;
    // The name, in parentheses, may itself contain blanks and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return {
      pid,
      parent: field(4),
      ownCpuMs: (field(14) + field(15)) * MS_PER_TICK,
      childrenCpuMs: (field(16) + field(17)) * MS_PER_TICK,
      threads: field(20),
      startedAt: field(22),
    };
  }

  /** From `status`, because `stat` counts in pages, whose size differs. 0 if it has ended. */
  residentBytes(pid: number): number {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(this.#read(pid, 'status') ?? '')?.[1];
    return Number(kibibytes ?? 0) * 1024;
  }

  /**
   * Open file descriptors; 0 if it has ended.
   * @throws an error with the code `EACCES` for a process of another user
   */
  descriptors(pid: number): number {
    const folder = join(this.#root, String(pid), 'fd');
    return orGone(() => (this.#sizeIsCount ? statSync(folder).size : readdirSync(folder).length)) ?? 0;
  }

  /**
   * From Linux 6.2 on, the size of the folder is the count. Listing ten thousand descriptors takes many milliseconds.
   */
  #countsDescriptors(): boolean {
    const folder = join(this.#root, 'self', 'fd');
    const size = orGone(() => statSync(folder).size);
    // Reading the list needs a descriptor itself.
    return size !== undefined && size > 0 && size === orGone(() => readdirSync(folder).length - 1);
  }

  #read(pid: number, file: string): string | undefined {
    // Half the time of any other encoding: Node reads UTF-8 in one step.
    return orGone(() => readFileSync(join(this.#root, String(pid), file), 'utf8'));
  }
}

/** Processes may end while the list of them is read. */
function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
