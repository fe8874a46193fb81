/** Messages that came, in their order, and whoever waits for the next of them. Each is taken once. */

/** How many are kept that nobody has taken; the oldest go first. */
const MAX_KEPT = 10_000;

interface Waiter<Item> {
  readonly wanted: (item: Item) => boolean;
  readonly take: (item: Item) => void;
  readonly fail: (error: unknown) => void;
}

export class Received<Item> {
  #kept: Item[] = [];
  readonly #waiters = new Set<Waiter<Item>>();
  #over: { readonly error: unknown } | undefined;

  add(item: Item): void {
    for (const waiter of this.#waiters) {
      if (!waiter.wanted(item)) continue;
      this.#waiters.delete(waiter);
      waiter.take(item);
      return;
    }
    this.#kept.push(item);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }

  /** What has come and was not taken. */
  get kept(): readonly Item[] {
    return [...this.#kept];
  }

  /**
   * The first one that is wanted and that nobody has taken: it has come already, or is waited for.
   * @param wanted by default any
   * @param signal when it aborts, the wait rejects with its reason
   */
  next(wanted: (item: Item) => boolean = () => true, signal?: AbortSignal): Promise<Item> {
    const index = this.#kept.findIndex(wanted);
    const [found] = index < 0 ? [] : this.#kept.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#over !== undefined) return Promise.reject(this.#over.error);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.fail(signal?.reason);
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<Item> = {
        wanted,
        take: (item) => {
          leave();
          resolve(item);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      if (signal?.aborted === true) return reject(signal.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** No more come: whoever waits is told so. */
  end(error: unknown): void {
    this.#over ??= { error };
    for (const waiter of this.#waiters) waiter.fail(error);
  }
}
