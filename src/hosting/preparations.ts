/**
 * Lets only a few servers be prepared at a time. Each is tried out in a worker that `max-threads` and `max-processes` do
 * not count, and all of a long catalogue together would be ready late, or need more memory than the machine has.
 */
import { availableParallelism } from 'node:os';

const MAX_AT_ONCE = Math.max(2, Math.min(4, availableParallelism()));

export class Preparations {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit = MAX_AT_ONCE) {
    this.#limit = limit;
  }

  /**
   * Does it when it is its turn; first come, first served.
   * @throws the signal's reason, if that comes first
   */
  async run<Result>(signal: AbortSignal, prepare: () => Promise<Result>): Promise<Result> {
    signal.throwIfAborted();
    if (this.#running < this.#limit) this.#running += 1;
    else await this.#turn(signal);
    try {
      return await prepare();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(enter);
    });
  }
}
