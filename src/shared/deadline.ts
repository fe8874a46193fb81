/**
 * Timers that a stall (SIGSTOP, a frozen container, a blocked event loop) makes late. Timers run before sockets are read, and
 * a thread that was stopped too has had no time: what came in time, or would have, would count as missed.
 */
import { performance } from 'node:perf_hooks';

/** Later than that is a stall, not load. */
const LATE_MS = 1_000;
/** A connection is accepted in one turn of the event loop, read in the next, and its request is handled by the third. */
const TURNS = 3;

/**
 * What a deadline that finds itself late does first. `read`: it lets the event loop take what has arrived. `again`: it gives
 * all of the time once more, since a thread, which has it for its work, has stood still as well.
 */
export type WhenLate = 'read' | 'again';

export class Deadline {
  readonly #ms: number;
  readonly #callback: () => void;
  readonly #whenLate: WhenLate;
  readonly #timer: NodeJS.Timeout;
  #dueMs: number;
  #turn: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void, whenLate: WhenLate = 'read') {
    this.#ms = ms;
    this.#callback = callback;
    this.#whenLate = whenLate;
    this.#dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => this.#expired(), ms);
  }

  /** The process may end before it. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #expired(): void {
    const nowMs = performance.now();
    if (nowMs - this.#dueMs <= LATE_MS) return this.#callback();
    if (this.#whenLate === 'read') return this.#wait(TURNS);
    this.#dueMs = nowMs + this.#ms;
    this.#timer.refresh();
  }

  #wait(turns: number): void {
    if (turns === 0) this.#callback();
    else this.#turn = setImmediate(() => this.#wait(turns - 1));
  }
}

/** Calls back when the event loop has taken what had arrived by now. */
export function afterReading(callback: () => void, turns = TURNS): void {
  if (turns === 0) callback();
  else setImmediate(() => afterReading(callback, turns - 1));
}

/** Tells who looks at something again and again how much of the time between two looks nothing went on. */
export class Lateness {
  readonly #everyMs: number;
  #dueMs: number;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
    this.#dueMs = performance.now() + everyMs;
  }

  /** To be called at each look: by how many milliseconds it comes late; 0 as long as that is load, not a stall. */
  look(nowMs: number): number {
    const lateMs = nowMs - this.#dueMs;
    this.#dueMs = nowMs + this.#everyMs;
    return lateMs > LATE_MS ? lateMs : 0;
  }
}
