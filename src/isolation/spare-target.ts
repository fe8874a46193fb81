/**
 * How many spares there should be: as many as are claimed while a thread starts, but at least `spare-threads`.
 * Otherwise, if threads are claimed faster than they start, every session would wait.
 */
const MEMORY_MS = 2_000;
/** Claims come in bursts, and one spare too many costs less than a client that waits. */
const HEADROOM = 2;
/** The assumed duration of the first start. */
const FIRST_START_MS = 50;
const START_WEIGHT = 0.2;

export class SpareTarget {
  readonly #least: number;
  readonly #most: number;
  #startMs = FIRST_START_MS;
  /** Claims a second, as of `#lastMs`. Without claims it halves in about 1.4 s. */
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
    // With `spare-threads` 0, there are no spares: each session starts its own thread.
    if (this.#least === 0) return 0;
    return Math.min(this.#most, Math.max(this.#least, Math.ceil(whileOneStarts * HEADROOM)));
  }

  #rateAt(nowMs: number): number {
    return this.#rate * Math.exp((this.#lastMs - nowMs) / MEMORY_MS);
  }
}
