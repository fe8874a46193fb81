/**
 * A clock that stands still until a test moves it, for `setTimeout`, `setInterval` and `performance.now`. Immediates
 * stay real.
 */
import { performance } from 'node:perf_hooks';

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
};
/** Turns of the event loop, for promises that wait for promises. */
const TURNS = 3;

class FakeTimer {
  readonly clock: FakeClock;
  readonly ms: number;
  readonly callback: () => void;
  readonly repeats: boolean;
  dueMs: number;

  constructor(clock: FakeClock, ms: number, callback: () => void, repeats: boolean) {
    this.clock = clock;
    this.ms = ms;
    this.callback = callback;
    this.repeats = repeats;
    this.dueMs = clock.nowMs + ms;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  refresh(): this {
    this.dueMs = this.clock.nowMs + this.ms;
    this.clock.timers.add(this);
    return this;
  }
}

export class FakeClock {
  /** Whole milliseconds, so that a test can add them up exactly. */
  nowMs = Math.ceil(performance.now());
  readonly timers = new Set<FakeTimer>();

  /** From now on, until `restore`. */
  install(): this {
    const start = (repeats: boolean) => (callback: () => void, ms?: number) => {
      const timer = new FakeTimer(this, Math.max(1, ms ?? 1), callback, repeats);
      this.timers.add(timer);
      return timer;
    };
    const clear = (timer: unknown) => void this.timers.delete(timer as FakeTimer);
    Object.assign(globalThis, {
      setTimeout: start(false),
      setInterval: start(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    performance.now = () => this.nowMs;
    return this;
  }

  restore(): void {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(performance, 'now');
    this.timers.clear();
  }

  /** Runs everything that is due within this many milliseconds, in order, and lets the consequences of each happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      if (next.repeats) next.dueMs += next.ms;
      else this.timers.delete(next);
      next.callback();
      await settle();
    }
    this.nowMs = endMs;
  }

  /** The process stands still for this many milliseconds: what was due meanwhile runs late, at the next `advance`. */
  stall(ms: number): void {
    this.nowMs += ms;
  }

  #next(endMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.timers)
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }
}

/** Waits until everything that was started has settled. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
