/**
 * How many spares there should be: what threads are claimed while one starts, and never fewer than the operator's
 * `spare-threads`. Claims that come faster than threads start would otherwise all wait.
 */
const MEMORY_MS = 2_000;
/** Claims come in bursts; a spare too many costs less than a client that waits. */
const HEADROOM = 2;
/** What the first start is taken to last. */
const FIRST_START_MS = 50;
const START_WEIGHT = 0.2;

export class SpareTarget {
  readonly #least: number;
  readonly #most: number;
  #startMs = FIRST_START_MS;
  /** Claims a second, as it was at `#lastMs`; it halves in about 1.4 s without any. */
  #rate = 0;
  #lastMs = 0;

  constructor(least: number, most: number) {
    this.#least = least;
    this.#most = Math.max(least, most);
  }

  claimed(nowMs: number): void {
    this.#rate = this.#rateAt(nowMs) + 1000 / MEMORY_MS;
    this.#lastMs = nowMs;
  }

  started(startMs: number): void {
    this.#startMs += (startMs - this.#startMs) * START_WEIGHT;
  }

  at(nowMs: number): number {
    const whileOneStarts = (this.#rateAt(nowMs) * this.#startMs) / 1000;
    // With no spares wanted at all, none are kept: each session starts its thread by itself.
    if (this.#least === 0) return 0;
    return Math.min(this.#most, Math.max(this.#least, Math.ceil(whileOneStarts * HEADROOM)));
  }

  #rateAt(nowMs: number): number {
    return this.#rate * Math.exp((this.#lastMs - nowMs) / MEMORY_MS);
  }
}
