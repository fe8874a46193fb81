/** Long loops of the main thread, spread so that what clients send is served in between. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Visits each item, so many in one turn of the event loop. Items that are added meanwhile may be visited too. */
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

/** How long one of those who share the event loop may take: what comes meanwhile waits for it. */
const TURN_MS = 4;

/** For long loops that several run at once: in each turn of the event loop one of them goes on, for a few milliseconds. */
export class SharedTurns {
  #last: Promise<void> = Promise.resolve();
  #beganMs = 0;

  /** Whether the present turn has lasted long enough. */
  get over(): boolean {
    return performance.now() - this.#beganMs >= TURN_MS;
  }

  /** Resolves when it is the caller's turn. To be asked before the first step too. */
  next(): Promise<void> {
    const turn = this.#last.then(async () => {
      await nextTurn();
      this.#beganMs = performance.now();
    });
    this.#last = turn;
    return turn;
  }
}
