/** Writes JSON-RPC messages as lines. Who writes must wait when `write` returns `false`: the reader is too slow. */
import type { Writable } from 'node:stream';
import { jsonLine } from '../../shared/json-line.js';

/** Who writes the lines. */
export interface LineWriterOwner {
  /** What was written has left, or never will. */
  onDrain(): void;
  /** Nobody reads any more. Comes at most once. */
  onClose(): void;
}

export class LineWriter {
  owner: LineWriterOwner | undefined;
  readonly #output: Writable;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(output: Writable) {
    this.#output = output;
    output.on('drain', this.#onDrain);
    output.on('error', this.#onClose);
    output.on('close', this.#onClose);
  }

  /** Whether nobody reads any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes one message.
   * @param message JSON text
   * @returns `false` if the reader does not take what was written: `onDrain` follows
   */
  write(message: string): boolean {
    if (this.#closed) return true;
    return this.#output.write(`${jsonLine(message)}\n`);
  }

  /** Resolves when the reader takes more, or nobody reads any more. */
  ready(): Promise<void> {
    if (this.#closed || !this.#output.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves when everything that was written has left, or never will; at the latest after `deadlineMs`. */
  async flush(deadlineMs: number): Promise<void> {
    if (this.#closed || this.#output.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, deadlineMs);
      const done = (): void => {
        clearTimeout(deadline);
        resolve();
      };
      this.#waiting.add(done);
      // Called after all that was written before, also when that failed.
      this.#output.write('', done);
    });
  }

  /** Lets go of the stream. What a reader that is gone did to it must not end the process. */
  release(): void {
    this.#closed = true;
    this.#output.off('drain', this.#onDrain);
    this.#output.off('close', this.#onClose);
    this.#wake();
  }

  #onDrain = (): void => {
    this.#wake();
    this.owner?.onDrain();
  };

  #onClose = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    this.owner?.onDrain();
    this.owner?.onClose();
  };

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
