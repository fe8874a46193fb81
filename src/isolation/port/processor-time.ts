/** The processor time of one worker, as it is read from outside: it must still be known when the worker is gone. */
export class ProcessorTime {
  readonly #now: () => number;
  /** `undefined`: nobody wants to know it. */
  #readMs: number | undefined;

  /** @param now in milliseconds, as long as the worker lives */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param alive whether there is still something to read */
  read(alive: boolean): number {
    // What a process has used is gone with it: the sum never becomes less.
    this.#readMs = Math.max(this.#readMs ?? 0, alive ? this.#now() : 0);
    return this.#readMs;
  }

  /** It is about to be killed. Costs nothing if nobody has ever read it. */
  beforeEnd(): void {
    if (this.#readMs !== undefined) this.read(true);
  }
}
