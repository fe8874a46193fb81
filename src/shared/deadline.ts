/**
 * Timers that know when a stall (SIGSTOP, a frozen container, a blocked event loop) has made them late. Timers run
 * before sockets are read, and a thread may have been stopped as well. Without this, what arrived in time, or would
 * have, would count as missed.
 */
import { performance } from 'node:perf_hooks';
import { type ClockTimer, clockMs, startTimer, stopTimer } from './clock.js';
import { isDebugged } from './debugged.js';

/** A timer that is later than this was delayed by a stall, not by load. */
const LATE_MS = 1_000;
/**
 * A connection is accepted in one turn of the event loop, read in the next, and its request is handled in the third.
 */
const TURNS = 3;

/**
 * What a late deadline does first. `read`: it lets the event loop read what has arrived. `again`: it starts again with
 * its full time, because a thread that needs the time for its work has stood still as well; and whenever a debugger may
 * have stopped that thread. `end`: as `again`, for what ends a thread, whatever a debugger does with it. Only the first
 * goes by the clock that a test can move: a thread does not work faster for it.
 */
export type WhenLate = 'read' | 'again' | 'end';

export class Deadline {
  readonly #ms: number;
  readonly #callback: () => void;
  readonly #whenLate: WhenLate;
  readonly #timer: ClockTimer;
  #dueMs: number;
  #turn: NodeJS.Immediate | undefined;

  constructor(ms: number, callback: () => void, whenLate: WhenLate = 'read') {
    this.#ms = ms;
    this.#callback = callback;
    this.#whenLate = whenLate;
    this.#dueMs = this.#nowMs + ms;
    const expired = (): void => this.#expired();
    this.#timer = whenLate === 'read' ? startTimer(expired, ms) : setTimeout(expired, ms);
  }

  get #nowMs(): number {
    return this.#whenLate === 'read' ? clockMs() : performance.now();
  }

  /** The process may end before the deadline. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  clear(): void {
    stopTimer(this.#timer);
    clearImmediate(this.#turn);
  }

  #expired(): void {
    const nowMs = this.#nowMs;
    const late = nowMs - this.#dueMs > LATE_MS;
    if (!late && !(this.#whenLate === 'again' && isDebugged())) return this.#callback();
    if (this.#whenLate === 'read') return this.#wait(TURNS);
    this.#dueMs = nowMs + this.#ms;
    this.#timer.refresh();
  }

  #wait(turns: number): void {
    if (turns === 0) this.#callback();
    else this.#turn = setImmediate(() => this.#wait(turns - 1));
  }
}

/** Calls back when the event loop has read what had arrived by now. */
export function afterReading(callback: () => void, turns = TURNS): void {
  if (turns === 0) callback();
  else setImmediate(() => afterReading(callback, turns - 1));
}

/** For repeated checks: reports how much of the time between two checks the process stood still. */
export class Lateness {
  readonly #everyMs: number;
  #dueMs: number;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
    this.#dueMs = performance.now() + everyMs;
  }

  /**
   * Must be called at each check. Returns how late it is, in milliseconds; 0 if the delay comes from load and not from
   * a stall.
   */
  look(nowMs: number): number {
    const lateMs = nowMs - this.#dueMs;
    this.#dueMs = nowMs + this.#everyMs;
    return lateMs > LATE_MS ? lateMs : 0;
  }
}
