/**
 * What the handler of a request has left behind in its worker when it has settled: timers, sockets, children. A worker in
 * which something is left serves no other request, because it could tell of one client to the next.
 */
export class LeftBehind {
  #before = new Map<string, number>();

  /** What there is now belongs to the server itself. */
  begin(): void {
    this.#before = active();
  }

  /** What has been added since then, as Node names it; `undefined`: nothing. */
  left(): readonly string[] | undefined {
    const left: string[] = [];
    for (const [name, count] of active()) {
      const added = count - (this.#before.get(name) ?? 0);
      for (let index = 0; index < added && left.length < MAX_NAMED; index += 1) left.push(name);
    }
    return left.length === 0 ? undefined : left;
  }
}

const MAX_NAMED = 16;

/** How many of each kind keep the event loop alive. */
function active(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/**
 * Resolves in the next turn of the event loop. What a handler has just waited for, such as a file that it has read, counts
 * as active until then.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
