/**
 * What the requests of each consumer take of a line, so that nobody fills it alone: once it is full, each consumer in it may
 * have an equal share. Until then anyone may have all of it, since nobody else needs it.
 */

/** What one consumer has in it. */
interface Taken {
  readonly requests: number;
  readonly chars: number;
}

const NOTHING: Taken = { requests: 0, chars: 0 };

export class LineShares {
  readonly #most: Taken;
  readonly #taken = new Map<string, Taken>();

  /** @param most what the whole line may hold */
  constructor(most: Taken) {
    this.#most = most;
  }

  add(consumer: string, chars: number): void {
    const { requests, chars: others } = this.#of(consumer);
    this.#taken.set(consumer, { requests: requests + 1, chars: others + chars });
  }

  remove(consumer: string, chars: number): void {
    const { requests, chars: others } = this.#of(consumer);
    if (requests <= 1) this.#taken.delete(consumer);
    else this.#taken.set(consumer, { requests: requests - 1, chars: others - chars });
  }

  /** Whether this consumer and others are in it. */
  shares(consumer: string): boolean {
    return this.#taken.has(consumer) && this.#taken.size > 1;
  }

  /** Whether one more request is within this consumer's share. */
  entitled(consumer: string, chars: number): boolean {
    const taken = this.#of(consumer);
    const sharers = this.#sharersWith(consumer);
    return (
      taken.requests < this.#most.requests / sharers && taken.chars + chars <= this.#most.chars / sharers
    );
  }

  /**
   * The consumer, other than this one, that has more than its share: of requests or of characters, whichever is asked for.
   * `undefined`: nobody has.
   */
  largest(than: string, of: keyof Taken): string | undefined {
    let largest: string | undefined;
    // Nobody's only request makes room for that of somebody else, however many they are.
    let most = Math.max(1, this.#most[of] / this.#sharersWith(than));
    for (const [consumer, taken] of this.#taken) {
      if (consumer === than || taken[of] <= most) continue;
      most = taken[of];
      largest = consumer;
    }
    return largest;
  }

  #sharersWith(consumer: string): number {
    return this.#taken.size + (this.#taken.has(consumer) ? 0 : 1);
  }

  #of(consumer: string): Taken {
    return this.#taken.get(consumer) ?? NOTHING;
  }
}
