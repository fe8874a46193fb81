/** Keeps what clients can bring about at will from filling the log: one line in a window, with the count of all. */
const WINDOW_MS = 10_000;

export class NoticeWindow {
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** It has happened so many times more. @returns how often since the last line, or `undefined` for no line now. */
  count(times = 1): number | undefined {
    this.#count += times;
    const nowMs = performance.now();
    if (nowMs - this.#saidAtMs < WINDOW_MS) return undefined;
    this.#saidAtMs = nowMs;
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}
