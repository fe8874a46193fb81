/** How many log lines a session may write. Further lines are counted, and reported once a second. */
import { clockMs } from './session/clock.js';

const BURST_LINES = 200;
const LINES_PER_SECOND = 50;
const REPORT_MS = 1000;

export class LogAllowance {
  readonly #report: (lines: number) => void;
  #left = BURST_LINES;
  #refilledMs = clockMs();
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param report called with the number of suppressed lines since the last report */
  constructor(report: (lines: number) => void) {
    this.#report = report;
  }

  /** Whether one more line may be written. */
  take(): boolean {
    const now = clockMs();
    this.#left = Math.min(BURST_LINES, this.#left + ((now - this.#refilledMs) / 1000) * LINES_PER_SECOND);
    this.#refilledMs = now;
    if (this.#left >= 1) {
      this.#left -= 1;
      return true;
    }
    this.#dropped += 1;
    this.#timer ??= setTimeout(() => this.flush(), REPORT_MS).unref();
    return false;
  }

  /** Reports at once what has not been reported. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dropped > 0) this.#report(this.#dropped);
    this.#dropped = 0;
  }
}
