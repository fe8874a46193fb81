/** The file of the audit log, or stderr. A line is with the system when `write` returns; it does not wait for the disk. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const STDERR = 'stderr';

const STDERR_DESCRIPTOR = 2;
/** Only the gateway's own user reads who did what. */
const MODE = 0o600;
/** A pipe that is full for longer than this: nobody reads it. */
const FULL_PIPE_MS = 50;

export class AuditFile {
  readonly #path: string;
  #descriptor: number;
  /** Part of a line was written, and not its end. */
  #isTorn = false;

  /**
   * @param path `stderr`, or that of a file, which is created if it does not exist
   * @throws {Error} if it cannot be opened
   */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = this.#open();
  }

  /**
   * @param line without its end
   * @throws {Error} if not all of it could be written
   */
  write(line: string): void {
    const bytes = Buffer.from(`${this.#isTorn ? '\n' : ''}${line}\n`);
    let written = 0;
    try {
      while (written < bytes.length) written += this.#writeSome(bytes.subarray(written));
      this.#isTorn = false;
    } catch (error) {
      this.#isTorn ||= written > 0;
      throw error;
    }
  }

  /**
   * Goes on in a file of the same name, which is another one if the file was renamed. Nothing is lost: lines are written at once.
   * @throws {Error} if it cannot be opened; then the file that was open stays so
   */
  reopen(): void {
    if (this.#path === STDERR) return;
    const before = this.#descriptor;
    this.#descriptor = this.#open();
    this.#isTorn = false;
    closeSync(before);
  }

  close(): void {
    if (this.#path !== STDERR) closeSync(this.#descriptor);
  }

  #open(): number {
    return this.#path === STDERR ? STDERR_DESCRIPTOR : openSync(this.#path, 'a', MODE);
  }

  #writeSome(bytes: Buffer): number {
    const sinceMs = performance.now();
    while (true) {
      try {
        return writeSync(this.#descriptor, bytes);
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (!isFull || performance.now() - sinceMs > FULL_PIPE_MS) throw error;
      }
    }
  }
}
