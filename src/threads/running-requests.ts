/**
 * The requests whose handlers run in one session thread, and the kill ladder's steps for each: a cancelled one has
 * the cancel grace to settle; past it, the thread is killed at once when it does not answer a ping, otherwise as
 * soon as no other request runs in it.
 */
import { performance } from 'node:perf_hooks';
import type { RequestId } from '../shared/frames.js';
import { ShortMap } from '../shared/short-map.js';

/** `overdue`: cancelled, and its grace is over. */
type RunState = 'running' | 'cancelled' | 'overdue';

export interface RunningRequestsParts {
  readonly cancelGraceMs: number;
  /** Tells the thread to abort a handler. */
  readonly abort: (requestId: RequestId, reason: string) => void;
  /** Asks the thread for a sign of life, which comes back as `pong`. */
  readonly ping: () => void;
  readonly kill: (message: string) => void;
  /** A timer that ends with the thread. */
  readonly after: (ms: number, callback: () => void) => void;
}

export class RunningRequests {
  readonly #parts: RunningRequestsParts;
  readonly #states = new ShortMap<RequestId, RunState>();
  #lastPongMs = 0;
  #cancelledSinceMs: number | undefined;

  constructor(parts: RunningRequestsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#states.size;
  }

  /** How many go on though they have been cancelled. */
  get cancelled(): number {
    let cancelled = 0;
    for (const state of this.#states.values()) if (state !== 'running') cancelled += 1;
    return cancelled;
  }

  /** Since when there has been a cancelled one at any moment. */
  get cancelledSinceMs(): number | undefined {
    return this.#cancelledSinceMs;
  }

  has(requestId: RequestId): boolean {
    return this.#states.has(requestId);
  }

  stateOf(requestId: RequestId): RunState | undefined {
    return this.#states.get(requestId);
  }

  started(requestId: RequestId): void {
    this.#states.set(requestId, 'running');
  }

  settled(requestId: RequestId): void {
    if (!this.#states.delete(requestId)) return;
    if (this.#cancelledSinceMs === undefined) return;
    if (this.cancelled === 0) this.#cancelledSinceMs = undefined;
    else this.#killIfOnlyOverdue();
  }

  /** Aborts one and starts its grace; nothing when it does not run, or was cancelled before. */
  cancel(requestId: RequestId, reason: string): void {
    if (this.#states.get(requestId) !== 'running') return;
    this.#states.set(requestId, 'cancelled');
    this.#cancelledSinceMs ??= performance.now();
    this.#parts.abort(requestId, reason);
    this.#graceFor(requestId);
  }

  pong(): void {
    this.#lastPongMs = performance.now();
  }

  /** The thread is gone, and they with it. */
  clear(): void {
    this.#states.clear();
  }

  #graceFor(requestId: RequestId): void {
    const askedMs = performance.now();
    this.#parts.ping();
    this.#parts.after(this.#parts.cancelGraceMs, () => {
      if (!this.#states.has(requestId)) return;
      if (this.#lastPongMs < askedMs) return this.#parts.kill('a cancelled request blocked it');
      this.#states.set(requestId, 'overdue');
      if (this.#killIfOnlyOverdue()) return;
      // Others still run. Should the thread stop answering meanwhile, they wait in vain.
      this.#graceFor(requestId);
    });
  }

  #killIfOnlyOverdue(): boolean {
    for (const state of this.#states.values()) if (state !== 'overdue') return false;
    this.#parts.kill('a cancelled request did not stop within cancel-grace');
    return true;
  }
}
