/** Events in the order in which they came to it; any of them can leave at once. A linked list: no size is too large for it. */

export interface LoggedEvent {
  readonly sequence: number;
  readonly stream: string;
  readonly body: string;
  /** `delivered`: written to a connection; the client may still not have got it. `dropped`: not in the log any more. */
  state: 'undelivered' | 'delivered' | 'dropped';
  /** When it was written to a connection, by `performance.now()`; 0 before. */
  deliveredMs: number;
  previous: LoggedEvent | undefined;
  next: LoggedEvent | undefined;
}

export class EventQueue {
  #first: LoggedEvent | undefined;
  #last: LoggedEvent | undefined;
  #size = 0;
  #bytes = 0;

  get first(): LoggedEvent | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** By `sizeOf`. */
  get bytes(): number {
    return this.#bytes;
  }

  push(event: LoggedEvent): void {
    event.previous = this.#last;
    event.next = undefined;
    if (this.#last === undefined) this.#first = event;
    else this.#last.next = event;
    this.#last = event;
    this.#size += 1;
    this.#bytes += sizeOf(event);
  }

  /** @param event one that is in this queue */
  remove(event: LoggedEvent): void {
    if (event.previous === undefined) this.#first = event.next;
    else event.previous.next = event.next;
    if (event.next === undefined) this.#last = event.previous;
    else event.next.previous = event.previous;
    event.previous = undefined;
    event.next = undefined;
    this.#size -= 1;
    this.#bytes -= sizeOf(event);
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
    this.#bytes = 0;
  }

  *[Symbol.iterator](): Iterator<LoggedEvent> {
    for (let event = this.#first; event !== undefined; event = event.next) yield event;
  }
}

/** An upper bound: V8 keeps a string of Latin-1 characters in one byte each, any other in two. */
export function sizeOf({ body }: LoggedEvent): number {
  return body.length * 2;
}
