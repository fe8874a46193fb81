/**
 * The deadlines of one session thread, which are cleared when it ends. After a stall each starts again, because the
 * thread stood still with the process.
 */
import { Deadline, type WhenLate } from '../../shared/deadline.js';

export class WorkerTimers {
  readonly #timers = new Set<Deadline>();

  after(ms: number, callback: () => void, whenLate: WhenLate = 'again'): Deadline {
    const timer = new Deadline(
      ms,
      () => {
        this.#timers.delete(timer);
        callback();
      },
      whenLate,
    );
    this.#timers.add(timer);
    return timer;
  }

  clear(timer: Deadline | undefined): void {
    if (timer === undefined) return;
    timer.clear();
    this.#timers.delete(timer);
  }

  clearAll(): void {
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
  }
}
