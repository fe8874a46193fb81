/** V8's code cache of a program's bundle, as a file: a process that finds none writes it for those after it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Its client is given answers and makes a first call in this time; then, what a session needs has been compiled. */
const AFTER_MS = 1_000;

export class CodeCacheFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** `undefined` if no process has written it yet. */
  read(): Buffer | undefined {
    try {
      return readFileSync(this.#path);
    } catch {
      return undefined;
    }
  }

  /** In a moment, or when the program ends without an error: many sessions are shorter. */
  writeLater(create: () => Buffer): void {
    const { emit } = process;
    let isWritten = false;
    const write = (): void => {
      if (isWritten) return;
      isWritten = true;
      clearTimeout(timer);
      // The program may have put its own in this place.
      if (process.emit === watched) process.emit = emit;
      this.#write(create());
    };
    const timer = setTimeout(write, AFTER_MS).unref();
    // The program would see a listener.
    const watched = function (this: NodeJS.Process, name: string, ...parameters: unknown[]) {
      const isHandled = Reflect.apply(emit, this, [name, ...parameters]);
      if (name === 'exit' && (process.exitCode ?? parameters[0]) === 0) write();
      return isHandled;
    } as typeof process.emit;
    process.emit = watched;
  }

  /** In one step: other processes read it at any moment. */
  #write(codeCache: Buffer): void {
    const own = `${this.#path}-${process.pid}`;
    try {
      writeFileSync(own, codeCache);
      renameSync(own, this.#path);
    } catch {
      // The gateway has removed the folder, or its disk is full: the next process tries again.
    }
  }
}
