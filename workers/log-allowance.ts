/** How many log lines a session may write: what goes beyond that is counted, and told once a second. */
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

  /** @param report is told how many lines were too many since it was told last */
  constructor(report: (lines: number) => void) {
    this.#report = report;
  }

  /** Whether one more may be written. */
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

  /** Tells at once what has not been told. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dropped > 0) this.#report(this.#dropped);
    this.#dropped = 0;
  }
}
