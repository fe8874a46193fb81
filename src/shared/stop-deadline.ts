/** When a stop must be over, whatever blocks it. What has not ended by then is left to the caller. */
export class StopDeadline {
  #atMs: number;
  readonly #waits = new Set<() => void>();

  /** @param withinMs from now */
  constructor(withinMs: number) {
    this.#atMs = performance.now() + withinMs;
  }

  /** Moves the deadline forward, never back. */
  shorten(withinMs: number): void {
    this.#atMs = Math.min(this.#atMs, performance.now() + withinMs);
    for (const rearm of this.#waits) rearm();
  }

  /**
   * Waits for the work until the deadline, less the time that is reserved for later steps.
   * @returns whether the work ended in time
   * @throws what the work throws in time
   */
  async within(work: Promise<unknown>, reserveMs = 0): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let expire = (): void => {};
    const expired = new Promise<false>((resolve) => {
      expire = () => resolve(false);
    });
    const arm = (): void => {
      clearTimeout(timer);
      timer = setTimeout(expire, Math.max(0, this.#atMs - reserveMs - performance.now()));
    };
    arm();
    this.#waits.add(arm);
    try {
      return await Promise.race([work.then(() => true), expired]);
    } finally {
      clearTimeout(timer);
      this.#waits.delete(arm);
    }
  }
}
