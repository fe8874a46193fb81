/** Lets a few pass in each window of time, and says how many it held back before: for log lines that anybody can cause. */
export class AdmissionWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #admitted = 0;
  #suppressed = 0;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /**
   * How many were held back since the last one that passed, or `undefined` to hold this one back too.
   * @param times for how many it stands
   */
  admit(times = 1): number | undefined {
    const now = performance.now();
    if (now - this.#startedAtMs >= this.#windowMs) {
      this.#startedAtMs = now;
      this.#admitted = 0;
    }
    if (this.#admitted >= this.#limit) {
      this.#suppressed += times;
      return undefined;
    }
    this.#admitted += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
