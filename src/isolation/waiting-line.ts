/**
 * The sessions that wait for a worker: a bounded queue with a deadline. Consumers take turns; the sessions of each are served
 * in the order in which they came.
 */
import { performance } from 'node:perf_hooks';
import { Deadline } from '../shared/deadline.js';
import { BulkheadError } from '../shared/errors.js';
import type { ClaimKind } from '../telemetry/events.js';
import type { Shared, WorkerShares } from './worker-shares.js';

export const MAX_WAITERS = 1_000;

interface Waiter<Worker> {
  readonly sinceMs: number;
  readonly kind: ClaimKind;
  readonly give: (worker: Worker) => void;
  readonly fail: (error: BulkheadError) => void;
}

export interface WaitOptions {
  /** How the claim is counted. */
  readonly kind: ClaimKind;
  readonly longestWaitMs: number;
  /** The part of it that is over already. */
  readonly waitedMs: number;
  /** Whose turn it takes. */
  readonly consumer: string;
}

export class WaitingLine<Worker extends Shared> {
  readonly #worker: string;
  readonly #shortage: () => string;
  readonly #shares: WorkerShares;
  /** By consumer; of those who have had no turn, the one that came first is the first. */
  readonly #lines = new Map<string, Waiter<Worker>[]>();
  #length = 0;
  #closed: BulkheadError | undefined;

  /**
   * @param worker what it is that they wait for, in words
   * @param shares whose turn it is
   * @param shortage why none becomes free, for sessions that waited in vain
   */
  constructor(worker: string, shares: WorkerShares, shortage: () => string) {
    this.#worker = worker;
    this.#shares = shares;
    this.#shortage = shortage;
  }

  get length(): number {
    return this.#length;
  }

  /** How long the session that came first has waited. */
  get longestWaitMs(): number {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const [first] of this.#lines.values()) sinceMs = Math.min(sinceMs, first?.sinceMs ?? sinceMs);
    return sinceMs === Number.POSITIVE_INFINITY ? 0 : performance.now() - sinceMs;
  }

  /** When whoever is next had the last turn, as `WorkerShares.turn` has it; `undefined`: nobody waits. */
  get turn(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : this.#shares.turn(next);
  }

  /** Whether somebody else waits who would still have fewer workers than this consumer, with one more. */
  outranks(consumer: string): boolean {
    const held = this.#shares.held(consumer);
    for (const other of this.#lines.keys())
      if (other !== consumer && this.#shares.held(other) + 1 < held) return true;
    return false;
  }

  /**
   * @throws {BulkheadError} `ERR_BULKHEAD_THREAD_WAIT` after the deadline, or if too many wait; the error given to
   *   `failFirst` or `close`; or the signal's reason
   */
  wait(signal: AbortSignal, options: WaitOptions): Promise<Worker> {
    const { kind, longestWaitMs, waitedMs, consumer } = options;
    const refusal = this.#closed ?? this.#refusal(consumer);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        deadline.clear();
        signal.removeEventListener('abort', onAbort);
        this.#remove(consumer, waiter);
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
            waitError(
              `No ${this.#worker} became free within ${longestWaitMs / 1000} s: ${this.#shortage()}. Try again later.`,
            ),
          ),
        'again',
      );
      signal.addEventListener('abort', onAbort, { once: true });
      this.#add(consumer, waiter);
    });
  }

  /**
   * Gives the worker to the session whose turn it is. Returns how the claim is counted; `undefined` if nobody waits.
   */
  give(worker: Worker): { readonly kind: ClaimKind; readonly waitMs: number } | undefined {
    const consumer = this.#next();
    const waiter = consumer === undefined ? undefined : this.#lines.get(consumer)?.[0];
    if (consumer === undefined || waiter === undefined) return undefined;
    const { kind, sinceMs } = waiter;
    this.#shares.take(consumer, worker);
    waiter.give(worker);
    return { kind, waitMs: performance.now() - sinceMs };
  }

  failFirst(error: BulkheadError): void {
    const consumer = this.#next();
    if (consumer !== undefined) this.#lines.get(consumer)?.[0]?.fail(error);
  }

  /** All that wait get this error, and whoever comes later. */
  close(error: BulkheadError): void {
    this.#closed = error;
    for (const line of [...this.#lines.values()]) for (const waiter of [...line]) waiter.fail(error);
  }

  /** Whoever had a turn longest ago. */
  #next(): string | undefined {
    let next: string | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const consumer of this.#lines.keys()) {
      const turn = this.#shares.turn(consumer);
      if (turn >= earliest) continue;
      next = consumer;
      earliest = turn;
    }
    return next;
  }

  #add(consumer: string, waiter: Waiter<Worker>): void {
    const line = this.#lines.get(consumer);
    if (line === undefined) this.#lines.set(consumer, [waiter]);
    else line.push(waiter);
    this.#length += 1;
    this.#shares.waiting += 1;
  }

  #remove(consumer: string, waiter: Waiter<Worker>): void {
    const line = this.#lines.get(consumer);
    const index = line?.indexOf(waiter) ?? -1;
    if (line === undefined || index === -1) return;
    line.splice(index, 1);
    if (line.length === 0) this.#lines.delete(consumer);
    this.#length -= 1;
    this.#shares.waiting -= 1;
  }

  /** Why no further session of this consumer may wait. If others have more than their share of a full line, room is made. */
  #refusal(consumer: string): BulkheadError | undefined {
    if (this.#length < MAX_WAITERS) return undefined;
    const own = this.#lines.get(consumer)?.length ?? 0;
    const share = MAX_WAITERS / (this.#lines.size + (own === 0 ? 1 : 0));
    const [longest = []] = [...this.#lines.values()].sort((one, other) => other.length - one.length);
    // Nobody's only session makes room for that of somebody else.
    if (own >= share || longest.length <= Math.max(1, share))
      return waitError(`Too many sessions wait for a ${this.#worker}. Try again later.`);
    longest
      .at(-1)
      ?.fail(
        waitError(
          `Too many sessions wait for a ${this.#worker}, and most of them are yours: others wait as well. Try again later.`,
        ),
      );
    return undefined;
  }
}

function waitError(message: string): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_THREAD_WAIT', message);
}
