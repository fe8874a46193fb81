/** Puts an awake session to sleep when it has had no work for `sleep-after`. */
import { type ClockTimer, clockMs, startTimer, stopTimer } from '../shared/clock.js';

/** A thread that said it has work is not asked again at once, however much threads are needed. */
const ASK_AGAIN_MS = 1_000;

/** The session, as its sleep timer sees it. */
export interface Sleeper {
  /** How long it has had no work. */
  readonly idleMs: number;
  /** Whether it has a thread with nothing in flight. */
  readonly drowsy: boolean;
  sleep(reason: 'idle'): void;
}

export class SleepTimer {
  readonly #sleeper: Sleeper;
  readonly #afterMs: number;
  #timer: ClockTimer | undefined;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #releasedMs = Number.NEGATIVE_INFINITY;

  /** @param afterMs 0: never */
  constructor(sleeper: Sleeper, afterMs: number) {
    this.#sleeper = sleeper;
    this.#afterMs = afterMs;
  }

  /** How long its thread has had no work, or `undefined` while it has some or has recently said so. */
  get idleMs(): number | undefined {
    const now = clockMs();
    const sinceRefusalMs = now - this.#refusedMs;
    if (sinceRefusalMs < ASK_AGAIN_MS || !this.#sleeper.drowsy) return undefined;
    return Math.min(this.#sleeper.idleMs, sinceRefusalMs, now - this.#releasedMs);
  }

  /** The session has a thread. There is one timer for as long as it has it, none for each request. */
  start(): void {
    if (this.#afterMs > 0) this.#arm(this.#afterMs);
  }

  /** The thread has work: it is asked again after another `sleep-after`. */
  refused(): void {
    this.#refusedMs = clockMs();
  }

  /** A hold on the thread was released: it has had no work since now. */
  released(): void {
    this.#releasedMs = clockMs();
  }

  stop(): void {
    stopTimer(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    stopTimer(this.#timer);
    this.#timer = startTimer(() => this.#look(), ms);
    this.#timer.unref();
  }

  #look(): void {
    const afterMs = this.#afterMs;
    const idleMs = this.idleMs ?? 0;
    if (idleMs >= afterMs) this.#sleeper.sleep('idle');
    this.#arm(idleMs >= afterMs ? afterMs : Math.max(1, afterMs - idleMs));
  }
}
