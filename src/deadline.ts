/**
 * A timer for what a client must have done by then. After a stall (SIGSTOP, a laptop's sleep, a blocked event loop) timers
 * run before sockets are read, and what came in time would count as missed. A deadline that finds itself late lets the event
 * loop take what has arrived first.
 */
import { performance } from 'node:perf_hooks';

/** Later than that is a stall, not load. */
const LATE_MS = 1_000;
/** A connection is accepted in one turn of the event loop, read in the next, and its request is handled by the third. */
const TURNS = 3;

export class Deadline {
  readonly #callback: () => void;
  readonly #dueMs: number;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void) {
    this.#callback = callback;
    this.#dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => this.#expired(), ms);
  }

  /** The process may end before it. */
  unref(): this {
    this.#timer?.unref();
    return this;
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#timer = undefined;
    this.#turn = undefined;
  }

  #expired(): void {
    this.#timer = undefined;
    this.#wait(performance.now() - this.#dueMs > LATE_MS ? TURNS : 0);
  }

  #wait(turns: number): void {
    if (turns === 0) this.#callback();
    else this.#turn = setImmediate(() => this.#wait(turns - 1));
  }
}
