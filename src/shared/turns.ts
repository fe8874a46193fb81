/** Long loops of the main thread, divided so that clients are served in between. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Visits each item, this many in one turn of the event loop. Items that are added meanwhile may be visited too. */
export async function inTurns<Item>(
  items: Iterable<Item>,
  perTurn: number,
  visit: (item: Item) => void,
): Promise<void> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    visited += 1;
    if (visited % perTurn === 0) await nextTurn();
  }
}

/** How long one loop may run in a turn, because everything else waits for it. */
const TURN_MS = 4;

/**
 * For long loops that run at the same time: in each turn of the event loop one of them continues, for a few
 * milliseconds.
 */
export class SharedTurns {
  #last: Promise<void> = Promise.resolve();
  #beganMs = 0;

  /** Whether the current turn has lasted long enough. */
  get over(): boolean {
    return performance.now() - this.#beganMs >= TURN_MS;
  }

  /** Resolves when it is the caller's turn. Must also be called before the first step. */
  next(): Promise<void> {
    const turn = this.#last.then(async () => {
      await nextTurn();
      this.#beganMs = performance.now();
    });
    this.#last = turn;
    return turn;
  }
}
