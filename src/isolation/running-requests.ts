/**
 * The requests whose handlers run in one session thread, and the kill ladder's steps for each. A cancelled handler has
 * `cancel-grace` to settle. After that, the thread is killed: at once if it does not answer a ping, otherwise as soon
 * as no other request runs in it.
 */
import { performance } from 'node:perf_hooks';
import type { RequestId } from '../shared/request-id.js';
import { ShortMap } from '../shared/short-map.js';
import type { ThreadExitCause } from '../telemetry/events.js';

/** `overdue`: cancelled, and its grace is over. */
type RunState = 'running' | 'cancelled' | 'overdue';

/** A request that has been cancelled. Until then, only its operation is stored. */
interface CancelledRun {
  readonly operation: string;
  readonly sinceMs: number;
  overdue: boolean;
}

/** How many operations are named when their thread ends. */
const MAX_NAMED = 8;

/** The worker that the requests run in. */
export interface RunningRequestsOwner {
  readonly cancelGraceMs: number;
  /** Tells the worker to abort a handler. */
  abort(requestId: RequestId, reason: string): void;
  /** Asks the worker for a sign of life, which is reported with `pong`. */
  ping(): void;
  kill(cause: ThreadExitCause, message: string): void;
  /** The handler of a cancelled request has settled, `afterMs` after that. */
  onStopped(requestId: RequestId, operation: string, afterMs: number): void;
  /** Starts a timer that ends with the worker. */
  after(ms: number, callback: () => void): void;
}

export class RunningRequests {
  readonly #owner: RunningRequestsOwner;
  readonly #runs = new ShortMap<RequestId, string | CancelledRun>();
  #lastPongMs = 0;
  #cancelledSinceMs: number | undefined;

  constructor(owner: RunningRequestsOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** How many still run although they have been cancelled. */
  get cancelled(): number {
    let cancelled = 0;
    for (const run of this.#runs.values()) if (typeof run !== 'string') cancelled += 1;
    return cancelled;
  }

  /** Since when at least one of them has been cancelled. */
  get cancelledSinceMs(): number | undefined {
    return this.#cancelledSinceMs;
  }

  /** When the worker last gave a sign of life, by `performance.now()`; 0: never. */
  get lastPongMs(): number {
    return this.#lastPongMs;
  }

  has(requestId: RequestId): boolean {
    return this.#runs.has(requestId);
  }

  stateOf(requestId: RequestId): RunState | undefined {
    const run = this.#runs.get(requestId);
    if (run === undefined) return undefined;
    if (typeof run === 'string') return 'running';
    return run.overdue ? 'overdue' : 'cancelled';
  }

  /** What runs, each operation once and at most 8 of them, including cancelled ones. */
  get operations(): string[] {
    const runs = this.#runs.values();
    return [...new Set(runs.map((run) => (typeof run === 'string' ? run : run.operation)))].slice(
      0,
      MAX_NAMED,
    );
  }

  /**
   * Those that may be the reason why the worker ends: after a kill those that did not heed their cancellation, if there are
   * any; otherwise all.
   */
  blamedFor(cause: ThreadExitCause): string[] {
    if (cause === 'ended' || cause === 'slept' || cause === 'start_failed') return [];
    const cancelled = this.#runs.values().filter((run) => typeof run !== 'string');
    if (cause !== 'killed' || cancelled.length === 0) return this.operations;
    return [...new Set(cancelled.map(({ operation }) => operation))].slice(0, MAX_NAMED);
  }

  /** @param operation the tool or the method, for the log */
  started(requestId: RequestId, operation: string): void {
    this.#runs.set(requestId, operation);
  }

  settled(requestId: RequestId): void {
    const run = this.#runs.get(requestId);
    if (run === undefined) return;
    this.#runs.delete(requestId);
    if (typeof run !== 'string')
      this.#owner.onStopped(requestId, run.operation, performance.now() - run.sinceMs);
    if (this.#cancelledSinceMs === undefined) return;
    if (this.cancelled === 0) this.#cancelledSinceMs = undefined;
    else this.#killIfOnlyOverdue();
  }

  /** Aborts a request and starts its grace. Does nothing if it does not run or was cancelled before. */
  cancel(requestId: RequestId, reason: string): void {
    const operation = this.#runs.get(requestId);
    if (typeof operation !== 'string') return;
    const sinceMs = performance.now();
    const run: CancelledRun = { operation, sinceMs, overdue: false };
    this.#runs.set(requestId, run);
    this.#cancelledSinceMs ??= sinceMs;
    this.#owner.abort(requestId, reason);
    this.#graceFor(requestId, run);
  }

  pong(): void {
    this.#lastPongMs = performance.now();
  }

  /** The thread has never started this request. */
  forget(requestId: RequestId): void {
    this.#runs.delete(requestId);
  }

  /** The thread is gone, and its requests with it. */
  clear(): void {
    this.#runs.clear();
  }

  #graceFor(requestId: RequestId, run: CancelledRun): void {
    const askedMs = performance.now();
    this.#owner.ping();
    this.#owner.after(this.#owner.cancelGraceMs, () => {
      // It has settled. A later request may have its id, and has a grace of its own.
      if (this.#runs.get(requestId) !== run) return;
      if (this.#lastPongMs < askedMs) return this.#owner.kill('killed', 'a cancelled request blocked it');
      run.overdue = true;
      if (this.#killIfOnlyOverdue()) return;
      // Others still run. If the thread stops responding meanwhile, they would wait forever.
      this.#graceFor(requestId, run);
    });
  }

  #killIfOnlyOverdue(): boolean {
    for (const run of this.#runs.values()) if (typeof run === 'string' || !run.overdue) return false;
    this.#owner.kill('killed', 'a cancelled request did not stop within cancel-grace');
    return true;
  }
}
