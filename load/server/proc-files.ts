/** What Linux tells of processes in /proc. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** In the kernel's ABI 100 on every architecture that Node runs on, whatever the kernel's own clock is. */
const MS_PER_TICK = 1000 / 100;

/** Of `/proc/<pid>/stat`. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly threads: number;
  /** When it started, in ticks since the machine did; tells two processes with one id apart. */
  readonly startedAt: number;
  /** Of itself, user and system. */
  readonly ownCpuMs: number;
  /** Of its children that have ended and that it waited for, and of those that they waited for. */
  readonly childrenCpuMs: number;
}

export class ProcFiles {
  readonly #root: string;
  readonly #sizeIsCount: boolean;

  /** @param root where `proc` is mounted. */
  constructor(root = '/proc') {
    this.#root = root;
    this.#sizeIsCount = this.#countsDescriptors();
  }

  /** All processes but those that have ended and were not waited for: these hold nothing. */
  processes(): ProcessStat[] {
    const names = readdirSync(this.#root).filter((name) => /^\d+$/.test(name));
    return names.map((name) => this.stat(Number(name))).filter((stat) => stat !== undefined);
  }

  /** @returns `undefined` when it has ended. */
  stat(pid: number): ProcessStat | undefined {
    const text = this.#read(pid, 'stat');
    if (text === undefined) return undefined;
    // The name, in parentheses, may hold blanks and parentheses itself.
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

  /** From `status`, since `stat` counts in pages, whose size differs. 0 when it has ended. */
  residentBytes(pid: number): number {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(this.#read(pid, 'status') ?? '')?.[1];
    return Number(kibibytes ?? 0) * 1024;
  }

  /**
   * Open file descriptors; 0 when it has ended.
   * @throws an error with the code `EACCES` for another user's process.
   */
  descriptors(pid: number): number {
    const folder = join(this.#root, String(pid), 'fd');
    return orGone(() => (this.#sizeIsCount ? statSync(folder).size : readdirSync(folder).length)) ?? 0;
  }

  /** Since Linux 6.2 the folder's size is the count: listing ten thousand of them takes many milliseconds. */
  #countsDescriptors(): boolean {
    const folder = join(this.#root, 'self', 'fd');
    const size = orGone(() => statSync(folder).size);
    // Reading the list takes a descriptor itself.
    return size !== undefined && size > 0 && size === orGone(() => readdirSync(folder).length - 1);
  }

  #read(pid: number, file: string): string | undefined {
    // Half of what any other encoding costs: Node reads UTF-8 in one step.
    return orGone(() => readFileSync(join(this.#root, String(pid), file), 'utf8'));
  }
}

/** Processes end while the list of them is read. */
function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
