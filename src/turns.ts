/** Long loops of the main thread, spread so that what clients send is served in between. */
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
