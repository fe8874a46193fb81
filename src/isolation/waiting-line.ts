/** The sessions that wait for a worker: a bounded queue with a deadline, first come, first served. */
import { performance } from 'node:perf_hooks';
import { Deadline } from '../shared/deadline.js';
import { BulkheadError } from '../shared/errors.js';
import type { ClaimKind } from '../telemetry/events.js';

export const MAX_WAITERS = 1_000;

interface Waiter<Worker> {
  readonly sinceMs: number;
  readonly kind: ClaimKind;
  readonly give: (worker: Worker) => void;
  readonly fail: (error: BulkheadError) => void;
}

export class WaitingLine<Worker> {
  readonly #worker: string;
  readonly #shortage: () => string;
  readonly #waiters: Waiter<Worker>[] = [];
  #closed: BulkheadError | undefined;

  /**
   * @param worker what it is that they wait for, in words
   * @param shortage why none becomes free, for sessions that waited in vain
   */
  constructor(worker: string, shortage: () => string) {
    this.#worker = worker;
    this.#shortage = shortage;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** How long the first session in the line has waited. */
  get longestWaitMs(): number {
    const first = this.#waiters[0];
    return first === undefined ? 0 : performance.now() - first.sinceMs;
  }

  /**
   * @param kind how the claim is counted
   * @param waitedMs the part of the longest wait that is over already
   * @throws {BulkheadError} `ERR_BULKHEAD_THREAD_WAIT` after the deadline, or if too many wait; the error given to
   *   `failFirst` or `close`; or the signal's reason
   */
  wait(kind: ClaimKind, longestWaitMs: number, signal: AbortSignal, waitedMs = 0): Promise<Worker> {
    const refusal = this.#closed ?? (this.#waiters.length >= MAX_WAITERS ? this.#full : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        deadline.clear();
        signal.removeEventListener('abort', onAbort);
        const index = this.#waiters.indexOf(waiter);
        if (index !== -1) this.#waiters.splice(index, 1);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const waiter: Waiter<Worker> = {
        sinceMs: performance.now(),
        kind,
        give: (worker) => {
          leave();
          resolve(worker);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      // `again`, because the workers that could have become free meanwhile stood still as well.
      const deadline = new Deadline(
        Math.max(0, longestWaitMs - waitedMs),
        () =>
          waiter.fail(
            new BulkheadError(
              'ERR_BULKHEAD_THREAD_WAIT',
              `No ${this.#worker} became free within ${longestWaitMs / 1000} s: ${this.#shortage()}. Try again later.`,
            ),
          ),
        'again',
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /**
   * Gives the worker to the first session in the line. Returns how the claim is counted; `undefined` if nobody waits.
   */
  give(worker: Worker): { readonly kind: ClaimKind; readonly waitMs: number } | undefined {
    const waiter = this.#waiters[0];
    if (waiter === undefined) return undefined;
    const { kind, sinceMs } = waiter;
    waiter.give(worker);
    return { kind, waitMs: performance.now() - sinceMs };
  }

  failFirst(error: BulkheadError): void {
    this.#waiters[0]?.fail(error);
  }

  /** All that wait get this error, and whoever comes later. */
  close(error: BulkheadError): void {
    this.#closed = error;
    for (const waiter of [...this.#waiters]) waiter.fail(error);
  }

  get #full(): BulkheadError {
    const message = `Too many sessions wait for a ${this.#worker}. Try again later.`;
    return new BulkheadError('ERR_BULKHEAD_THREAD_WAIT', message);
  }
}
