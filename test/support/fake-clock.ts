/** A clock that stands still until a test moves it: `setTimeout`, `setInterval` and `performance.now`. Immediates stay real. */
import { performance } from 'node:perf_hooks';

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
};
/** Of the event loop, for promises that wait for promises. */
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

  /** Runs what is due within so many milliseconds, in its order, and lets what follows from each happen. */
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

  /** The process stands still for so many milliseconds: what was due within them comes late, at the next `advance`. */
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

/** Lets what has been started come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
