/**
 * Who has the workers of a kind, and whose turn it is to get the next one: whoever got one longest ago. So nobody waits for
 * more than one turn of each of the others, however many workers one of them wants.
 */

/** What a consumer has. Forgotten when that is nothing. */
interface Share {
  held: number;
  /** The number of its last turn. */
  turn: number;
}

/** A worker, as far as it matters here. */
export interface Shared {
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<unknown>;
}

export class WorkerShares {
  readonly #shares = new Map<string, Share>();
  #turns = 0;
  /** How many wait in all lines. */
  waiting = 0;

  /** How many workers this consumer has. */
  held(consumer: string): number {
    return this.#shares.get(consumer)?.held ?? 0;
  }

  /** When it had its last turn: a number that is higher for a later one. 0: it has no worker. */
  turn(consumer: string): number {
    return this.#shares.get(consumer)?.turn ?? 0;
  }

  /** It has got this worker. */
  take(consumer: string, { gone }: Shared): void {
    this.#turns += 1;
    const share = this.#shares.get(consumer);
    if (share === undefined) this.#shares.set(consumer, { held: 1, turn: this.#turns });
    else {
      share.held += 1;
      share.turn = this.#turns;
    }
    void gone.then(() => this.#release(consumer));
  }

  #release(consumer: string): void {
    const share = this.#shares.get(consumer);
    if (share === undefined) return;
    share.held -= 1;
    if (share.held === 0) this.#shares.delete(consumer);
  }
}
