/**
 * Cancellations that arrived before the request that they name, which can happen because a client sends the two on
 * different connections. They are remembered for some seconds, so that the request is cancelled when it arrives. The
 * cancellation of a request that has been answered already looks the same. It has no effect and is forgotten, because
 * ids are not used twice in a session (2025-11-25, Base Protocol, "Requests").
 */
import { performance } from 'node:perf_hooks';
import type { RequestId } from '../shared/request-id.js';

const REMEMBERED_MS = 5_000;
/** More than a client cancels at a time. Beyond it, the oldest one is forgotten. */
const MAX_REMEMBERED = 32;
const MAX_REASON_CHARS = 200;

interface EarlyCancel {
  readonly reason: string;
  readonly untilMs: number;
}

export class EarlyCancels {
  /** Created with the first entry; a session seldom has any. */
  #cancels: Map<RequestId, EarlyCancel> | undefined;

  add(requestId: RequestId, reason: string): void {
    if (typeof requestId === 'string' && requestId.length > MAX_REASON_CHARS) return;
    this.#cancels ??= new Map();
    const cancels = this.#cancels;
    cancels.delete(requestId);
    cancels.set(requestId, {
      reason: reason.slice(0, MAX_REASON_CHARS),
      untilMs: performance.now() + REMEMBERED_MS,
    });
    if (cancels.size <= MAX_REMEMBERED) return;
    const [oldest] = cancels.keys();
    if (oldest !== undefined) cancels.delete(oldest);
  }

  /** Why the request that arrives now has already been cancelled, or `undefined`. */
  take(requestId: RequestId): string | undefined {
    const cancel = this.#cancels?.get(requestId);
    if (cancel === undefined) return undefined;
    this.#cancels?.delete(requestId);
    if (this.#cancels?.size === 0) this.#cancels = undefined;
    return performance.now() < cancel.untilMs ? cancel.reason : undefined;
  }
}
