import { clockMs } from '../session/clock.js';
import type { ToolExtra } from './tool-result.js';

/**
 * Sends `notifications/progress` for a request that has a progressToken, and nothing for one that has none
 * (2025-11-25, Progress). Progress only grows, so a value that is no more than the last is left out.
 */
export class ProgressReporter {
  readonly #extra: ToolExtra;
  readonly #intervalMs: number;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  /** @param intervalMs the shortest time between two notifications. */
  constructor(extra: ToolExtra, intervalMs: number) {
    this.#extra = extra;
    this.#intervalMs = intervalMs;
  }

  async report(progress: number, total: number | undefined, message: string): Promise<void> {
    const progressToken = this.#extra._meta?.progressToken;
    if (progressToken === undefined || progress <= this.#lastProgress) return;
    const nowMs = clockMs();
    if (nowMs - this.#lastSentMs < this.#intervalMs) return;
    this.#lastSentMs = nowMs;
    this.#lastProgress = progress;
    await this.#extra.sendNotification({
      method: 'notifications/progress',
      params: { progressToken, progress, ...(total !== undefined && { total }), message },
    });
  }
}
