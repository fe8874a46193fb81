/**
 * Cancels that came before the request that they name: a client sends the two on different connections. Remembered for some
 * seconds, so that the request is cancelled when it arrives. A cancel of what has been answered looks the same; ids are
 * not used twice in a session (2025-11-25, Base Protocol, "Requests"), so it waits for nothing and is forgotten.
 */
import { performance } from 'node:perf_hooks';
import type { RequestId } from '../shared/request-id.js';

const REMEMBERED_MS = 5_000;
/** More than a client cancels at a time; the oldest are forgotten. */
const MAX_REMEMBERED = 32;
const MAX_REASON_CHARS = 200;

interface EarlyCancel {
  readonly reason: string;
  readonly untilMs: number;
}

export class EarlyCancels {
  /** Made with the first; a session seldom has any. */
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

  /** Why the request that arrives now has been cancelled already, if it has. */
  take(requestId: RequestId): string | undefined {
    const cancel = this.#cancels?.get(requestId);
    if (cancel === undefined) return undefined;
    this.#cancels?.delete(requestId);
    if (this.#cancels?.size === 0) this.#cancels = undefined;
    return performance.now() < cancel.untilMs ? cancel.reason : undefined;
  }
}
