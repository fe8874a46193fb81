/**
 * Lets a few through in each window of time and counts those that it suppressed before: for log lines that anybody can
 * cause.
 */
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
   * How many were suppressed since the last one that was let through; `undefined` if this one is suppressed too.
   * @param times how many occurrences this one stands for
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
