/** When a server that could not be reached is tried again. */
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export class BackOff {
  #pauseMs = FIRST_PAUSE_MS;
  readonly #longestMs: number;

  constructor(longestMs = LONGEST_PAUSE_MS) {
    this.#longestMs = longestMs;
  }

  /** The next pause; each is twice as long as the one before. */
  next(): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, this.#longestMs);
    return pauseMs;
  }
}

/** Resolves after the time, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
