/** `session.state` in its session's thread; the main thread keeps a copy for the next thread. */
import { deserialize, serialize } from 'node:v8';
import type { SessionState } from '../../src/shared/define-server.js';
import { BulkheadError, messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { StateBlock } from '../../src/shared/frames/to-worker.js';
import {
  STATE_BUDGET_BYTES,
  STATE_LIMIT_BYTES,
  stateEntryBytes,
} from '../../src/shared/session-state-size.js';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

export class StoredState implements SessionState {
  readonly #values = new Map<string, Uint8Array>();
  readonly #usedKib: () => number;
  readonly #post: (frame: FromWorkerFrame) => void;
  #bytes = 0;

  /**
   * @param block what earlier threads of the session have stored
   * @param usedKib size of all `session.state`
   */
  constructor(block: StateBlock | undefined, usedKib: () => number, post: (frame: FromWorkerFrame) => void) {
    this.#usedKib = usedKib;
    this.#post = post;
    let begin = 0;
    block?.keys.forEach((key, index) => {
      const end = block.ends[index] ?? begin;
      const value = block.values.subarray(begin, end);
      begin = end;
      this.#values.set(key, value);
      this.#bytes += stateEntryBytes(key, value);
    });
  }

  get<Value>(key: string): Value | undefined {
    const value = this.#values.get(key);
    // The bytes are copied too, because typed arrays in the value would be views of them.
    return value === undefined ? undefined : (deserialize(new Uint8Array(value)) as Value);
  }

  set(key: string, value: unknown): void {
    // The module may be JavaScript without types, and a key that is not a string could not be counted.
    if (typeof key !== 'string') {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: a key must be a string, not a ${typeof key}; convert it with String(key)`,
      );
    }
    let bytes: Uint8Array;
    try {
      bytes = serialize(value);
    } catch (error) {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: the value for ${JSON.stringify(key)} cannot be cloned (${messageOf(error)}); store plain data`,
        { cause: error },
      );
    }
    const growth = stateEntryBytes(key, bytes) - this.#sizeOfStored(key);
    if (growth > 0) this.#mustHold(key, growth);
    this.#bytes += growth;
    this.#values.set(key, bytes);
    this.#post({ type: 'state', key, value: bytes });
  }

  delete(key: string): boolean {
    this.#bytes -= this.#sizeOfStored(key);
    if (!this.#values.delete(key)) return false;
    this.#post({ type: 'state', key, value: undefined });
    return true;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  #mustHold(key: string, growth: number): void {
    const total = this.#bytes + growth;
    if (total > STATE_LIMIT_BYTES) {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: with ${JSON.stringify(key)} it would hold ${total} bytes of at most ${STATE_LIMIT_BYTES}, ` +
          'where each entry takes 256 besides its key and value; store less, fewer and larger values, or a reference to where the data is',
      );
    }
    // Slightly exceeded if other threads store at the same moment.
    if (this.#usedKib() * KIBIBYTE + growth > STATE_BUDGET_BYTES) {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: there is no room for ${JSON.stringify(key)}: the ${STATE_BUDGET_BYTES / MEBIBYTE} MiB that the gateway has for ` +
          'all sessions are used up; delete what is not needed, store less, or try again when other sessions have ended',
      );
    }
  }

  #sizeOfStored(key: string): number {
    const stored = this.#values.get(key);
    return stored === undefined ? 0 : stateEntryBytes(key, stored);
  }
}
