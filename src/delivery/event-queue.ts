/** Events in the order in which they were added; any of them can be removed at once. */
import { type Linked, LinkedList } from '../shared/linked-list.js';

export interface LoggedEvent extends Linked<LoggedEvent> {
  readonly sequence: number;
  readonly stream: string;
  readonly body: string;
  /**
   * `delivered`: written to a connection, though the client may not have received it. `dropped`: no longer in the log.
   */
  state: 'undelivered' | 'delivered' | 'dropped';
  /** When it was written to a connection, by `clockMs()`; 0 before. */
  deliveredMs: number;
}

export class EventQueue extends LinkedList<LoggedEvent> {
  #bytes = 0;

  /** As given by `sizeOf`. */
  get bytes(): number {
    return this.#bytes;
  }

  override push(event: LoggedEvent): void {
    super.push(event);
    this.#bytes += sizeOf(event);
  }

  override remove(event: LoggedEvent): void {
    super.remove(event);
    this.#bytes -= sizeOf(event);
  }

  override clear(): void {
    super.clear();
    this.#bytes = 0;
  }
}

/** An upper bound: V8 stores a string of Latin-1 characters with one byte for each, any other string with two. */
export function sizeOf({ body }: LoggedEvent): number {
  return body.length * 2;
}
