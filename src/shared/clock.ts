/**
 * The clock by which sessions are idle, sleep, are absent and end. It shows real time, except in a test that moves it with
 * `mcp-bulkhead/testing`. What a thread needs its time for, such as `start-timeout` and `cancel-grace`, goes by real time
 * in any case: a thread runs no faster when this clock is moved.
 */
import { performance } from 'node:perf_hooks';

/** A timer of this clock; `stopTimer` clears it. */
export interface ClockTimer {
  /** The process may end before it is due. */
  unref(): unknown;
  /** Starts again with its full time. */
  refresh(): unknown;
}

/** Whole milliseconds: a fraction would make the difference of two readings inexact. */
let aheadMs = 0;
/** Timers that have not fired, once the clock may be moved; `undefined`: it never was, and timers are Node's own. */
let timers: Set<MovableTimer> | undefined;
let moving: Promise<void> = Promise.resolve();

/** Milliseconds since the process started, as `performance.now()` has them, and by how far the clock was moved. */
export function clockMs(): number {
  return performance.now() + aheadMs;
}

export function startTimer(callback: () => void, ms: number): ClockTimer {
  return timers === undefined ? setTimeout(callback, ms) : new MovableTimer(callback, ms, timers);
}

export function stopTimer(timer: ClockTimer | undefined): void {
  if (timer instanceof MovableTimer) timer.stop();
  else clearTimeout(timer as NodeJS.Timeout | undefined);
}

/** Timers that are started from now on can be moved. There is one clock for all gateways of this thread. */
export function makeMovable(): void {
  timers ??= new Set();
}

/**
 * Moves the clock. What becomes due meanwhile happens at its time and in its order.
 * @param settled resolves when what has just become due has had its consequences
 */
export function moveClock(ms: number, settled: () => Promise<void>): Promise<void> {
  const moved = moving.then(() => moveBy(ms, settled));
  moving = moved.catch(() => {});
  return moved;
}

async function moveBy(ms: number, settled: () => Promise<void>): Promise<void> {
  const untilMs = clockMs() + ms;
  for (let next = firstDue(untilMs); next !== undefined; next = firstDue(untilMs)) {
    aheadMs += Math.ceil(Math.max(0, next.dueMs - clockMs()));
    next.fire();
    await settled();
  }
  aheadMs += Math.ceil(Math.max(0, untilMs - clockMs()));
  for (const timer of timers ?? []) timer.rearm();
}

function firstDue(untilMs: number): MovableTimer | undefined {
  let first: MovableTimer | undefined;
  for (const timer of timers ?? [])
    if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
  return first;
}

class MovableTimer implements ClockTimer {
  dueMs: number;
  readonly #ms: number;
  readonly #callback: () => void;
  readonly #waiting: Set<MovableTimer>;
  #real: NodeJS.Timeout;
  #isRef = true;

  constructor(callback: () => void, ms: number, waiting: Set<MovableTimer>) {
    this.#callback = callback;
    this.#waiting = waiting;
    this.#ms = ms;
    this.dueMs = clockMs() + ms;
    this.#real = setTimeout(() => this.fire(), ms);
    waiting.add(this);
  }

  refresh(): this {
    this.dueMs = clockMs() + this.#ms;
    this.#waiting.add(this);
    this.rearm();
    return this;
  }

  unref(): this {
    this.#isRef = false;
    this.#real.unref();
    return this;
  }

  stop(): void {
    clearTimeout(this.#real);
    this.#waiting.delete(this);
  }

  fire(): void {
    this.stop();
    this.#callback();
  }

  rearm(): void {
    clearTimeout(this.#real);
    this.#real = setTimeout(() => this.fire(), Math.max(0, this.dueMs - clockMs()));
    if (!this.#isRef) this.#real.unref();
  }
}
