/**
 * What the requests of each principal take of a line, so that nobody fills it alone: once it is full, each principal in it may
 * have an equal share. Until then anyone may have all of it, since nobody else needs it.
 */

/** What one principal has in it. */
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

  add(principal: string, chars: number): void {
    const { requests, chars: others } = this.#of(principal);
    this.#taken.set(principal, { requests: requests + 1, chars: others + chars });
  }

  remove(principal: string, chars: number): void {
    const { requests, chars: others } = this.#of(principal);
    if (requests <= 1) this.#taken.delete(principal);
    else this.#taken.set(principal, { requests: requests - 1, chars: others - chars });
  }

  /** Whether this principal and others are in it. */
  shares(principal: string): boolean {
    return this.#taken.has(principal) && this.#taken.size > 1;
  }

  /** Whether one more request is within this principal's share. */
  entitled(principal: string, chars: number): boolean {
    const taken = this.#of(principal);
    const sharers = this.#sharersWith(principal);
    return (
      taken.requests < this.#most.requests / sharers && taken.chars + chars <= this.#most.chars / sharers
    );
  }

  /**
   * The principal, other than this one, that has more than its share: of requests or of characters, whichever is asked for.
   * `undefined`: nobody has.
   */
  largest(than: string, of: keyof Taken): string | undefined {
    let largest: string | undefined;
    // Nobody's only request makes room for that of somebody else, however many they are.
    let most = Math.max(1, this.#most[of] / this.#sharersWith(than));
    for (const [principal, taken] of this.#taken) {
      if (principal === than || taken[of] <= most) continue;
      most = taken[of];
      largest = principal;
    }
    return largest;
  }

  #sharersWith(principal: string): number {
    return this.#taken.size + (this.#taken.has(principal) ? 0 : 1);
  }

  #of(principal: string): Taken {
    return this.#taken.get(principal) ?? NOTHING;
  }
}
