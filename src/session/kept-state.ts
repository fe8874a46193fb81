/**
 * One session's `session.state` on the main thread, where it outlives the session's threads. It enforces the limits
 * that the thread has checked before: a tool can write to its thread's port directly and bypass them.
 */
import type { StateBlock } from '../shared/frames/to-worker.js';
import { STATE_LIMIT_BYTES, stateEntryBytes } from '../shared/session-state-size.js';
import type { StateBudget } from './state-budget.js';

export class KeptState {
  readonly #budget: StateBudget;
  readonly #values = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(budget: StateBudget) {
    this.#budget = budget;
  }

  /**
   * @param value `undefined` deletes the key
   * @throws {Error} if `session.state` would never send this
   */
  set(key: string, value: Uint8Array | undefined): void {
    const old = this.#values.get(key);
    let bytes = old === undefined ? 0 : -stateEntryBytes(key, old);
    if (value === undefined) {
      this.#values.delete(key);
    } else {
      if (typeof key !== 'string' || !isWhole(value)) throw new Error('session.state: it is no entry');
      bytes += stateEntryBytes(key, value);
      if (bytes > 0 && this.#bytes + bytes > STATE_LIMIT_BYTES)
        throw new Error(`session.state: it would hold more than ${STATE_LIMIT_BYTES} bytes`);
      if (this.#budget.refuses(bytes))
        throw new Error('session.state: all sessions together would hold far more than they may');
      this.#values.set(key, value);
    }
    this.#bytes += bytes;
    this.#budget.account(bytes);
  }

  /** All entries, for the next thread. */
  block(): StateBlock | undefined {
    if (this.#values.size === 0) return undefined;
    const ends = new Uint32Array(this.#values.size);
    let size = 0;
    let index = 0;
    for (const { byteLength } of this.#values.values()) {
      size += byteLength;
      ends[index] = size;
      index += 1;
    }
    const values = new Uint8Array(size);
    let end = 0;
    for (const value of this.#values.values()) {
      values.set(value, end);
      end += value.byteLength;
    }
    return { keys: [...this.#values.keys()], ends, values };
  }

  /** The session ends: nothing is kept any more. */
  release(): void {
    this.#values.clear();
    this.#budget.account(-this.#bytes);
    this.#bytes = 0;
  }
}

/**
 * Whether the value is the whole of its memory, to which nobody else can write. A view of a larger buffer would keep
 * that buffer too.
 */
function isWhole(value: unknown): boolean {
  return (
    value instanceof Uint8Array &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength
  );
}
