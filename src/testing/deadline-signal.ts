/** Deadlines of a test's client, by the clock that `host.advance` moves. */
import { startTimer, stopTimer } from '../shared/clock.js';

/** For requests of the SDK's client, whose own timers go by real time. */
export const NO_TIMEOUT_MS = 2 ** 31 - 1;

export interface Limits {
  readonly timeoutMs: number;
  /** Aborts the work as well. */
  readonly signal?: AbortSignal | undefined;
  /** What is waited for; begins the sentence "… took longer than 60000 ms". */
  readonly what: string;
}

/** Does the work until `controller` aborts: after this time, when `signal` does, or when its owner says so. */
export async function withinTime<Result>(
  controller: AbortController,
  { timeoutMs, signal, what }: Limits,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const late = `${what} took longer than ${timeoutMs} ms`;
  const timer = startTimer(() => controller.abort(new DOMException(late, 'TimeoutError')), timeoutMs);
  try {
    controller.signal.throwIfAborted();
    return await work(controller.signal);
  } catch (error) {
    // The SDK's client wraps the reason.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    stopTimer(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
