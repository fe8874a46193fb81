/** The growing pauses between starts of workers that fail. */

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** A shortage of the system may end at any moment, and trying again costs almost nothing. */
const LONGEST_FOR_SHORTAGE_MS = 1_000;

export class StartBackOff {
  readonly #onOver: () => void;
  #failures = 0;
  #pause: NodeJS.Timeout | undefined;
  #reason: string | undefined;

  /** @param onOver called when a worker may be started again */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Whether no worker may be started at the moment. */
  get pausing(): boolean {
    return this.#pause !== undefined;
  }

  /** Why the last one failed; `undefined` once one has not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * @param reason as a sentence without its full stop
   * @param shortage whether the system had no thread, descriptor or memory for it
   */
  failed(reason: string, shortage: boolean): void {
    this.#reason = reason;
    this.#failures += 1;
    const longestMs = shortage ? LONGEST_FOR_SHORTAGE_MS : LONGEST_MS;
    const delayMs = Math.min(longestMs, FIRST_MS * 2 ** (this.#failures - 1));
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#onOver();
    }, delayMs).unref();
  }

  succeeded(): void {
    this.#failures = 0;
    this.#reason = undefined;
  }

  /** What has failed is not what would be started now. */
  reset(): void {
    this.#failures = 0;
    this.#reason = undefined;
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  close(): void {
    clearTimeout(this.#pause);
  }
}
