/**
 * A host holds its process, as any server does. One that nobody closes would hold a test runner forever, so a host that
 * nobody uses closes itself after a minute.
 */
import { Deadline } from '../shared/deadline.js';

const UNUSED_MS = 60_000;

export class UnusedHost {
  readonly #close: (sentence: string) => void;
  #uses = 0;
  #deadline: Deadline | undefined;

  /** @param close called once with what is to be said about it */
  constructor(close: (sentence: string) => void) {
    this.#close = close;
    this.#wait();
  }

  /** While the work is underway, the host is in use. */
  readonly using = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    this.#uses += 1;
    this.#deadline?.clear();
    try {
      return await work();
    } finally {
      this.#uses -= 1;
      if (this.#uses === 0) this.#wait();
    }
  };

  stop(): void {
    this.#deadline?.clear();
    this.#uses = Number.POSITIVE_INFINITY;
  }

  /** By real time; a debugger that stops the process does not make it late. */
  #wait(): void {
    this.#deadline = new Deadline(
      UNUSED_MS,
      () =>
        this.#close(
          `A host of mcp-bulkhead/testing was not used for ${UNUSED_MS / 1000} s and has closed itself. Close hosts with host.close(), in an after hook or by "await using".`,
        ),
      'again',
    ).unref();
  }
}
