/** The requests of one session that wait for their answers, in whatever way these arrive. */
import { LoadFailure } from './failure-kind.js';

/** What arrived for a request. */
export interface Answer {
  readonly result: unknown;
  /** Whether it came in an event stream. */
  readonly eventStream: boolean;
  /** When, on the clock of `performance.now()`. */
  readonly atMs: number;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(failure: LoadFailure): void;
  readonly deadline: NodeJS.Timeout;
}

/** Ids of this many answered requests are remembered, to distinguish a second answer from one with a wrong id. */
const REMEMBERED = 256;

export class AwaitedAnswers {
  readonly #waiting = new Map<string, Waiting>();
  readonly #settled = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for the answer to this id.
   * @param onTimeout called if it did not arrive in time; nobody waits for it any more
   * @throws {LoadFailure}
   */
  expect(id: string, timeoutMs: number, onTimeout: () => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.fail(id, new LoadFailure('timeout', `no answer within ${timeoutMs} ms`));
        onTimeout();
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, deadline });
    });
  }

  isWaiting(id: string): boolean {
    return this.#waiting.has(id);
  }

  /**
   * Settles the request with this id.
   * @returns what is wrong if nobody waits for it: `duplicate` or `wrong id`
   */
  take(id: string, outcome: Answer | LoadFailure): LoadFailure | undefined {
    const known = this.#settled.has(id);
    if (this.#settle(id, outcome)) return undefined;
    return known
      ? new LoadFailure('duplicate', `a second answer to request ${id}`)
      : new LoadFailure('wrong id', `an answer to ${id}, which nobody asked for`);
  }

  /** Does nothing if nobody waits for it any more. */
  fail(id: string, failure: LoadFailure): void {
    this.#settle(id, failure);
  }

  failAll(failure: LoadFailure): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, failure);
  }

  #settle(id: string, outcome: Answer | LoadFailure): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    clearTimeout(waiting.deadline);
    this.#waiting.delete(id);
    this.#settled.add(id);
    if (this.#settled.size > REMEMBERED) {
      const [oldest] = this.#settled;
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    if (outcome instanceof LoadFailure) waiting.reject(outcome);
    else waiting.resolve(outcome);
    return true;
  }
}
