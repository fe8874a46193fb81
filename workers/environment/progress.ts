import { clockMs } from '../session/clock.js';
import type { ToolExtra } from './tool-result.js';

/**
 * Sends `notifications/progress` if the request has a progressToken, otherwise nothing (2025-11-25, Progress). Progress
 * must increase, so a value that is not higher than the last one is left out.
 */
export class ProgressReporter {
  readonly #extra: ToolExtra;
  readonly #intervalMs: number;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  /** @param intervalMs minimum time between two notifications */
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
