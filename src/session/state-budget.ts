/**
 * What all sessions' `session.state` hold together. Threads read the sum from shared memory before they store more. They
 * can write to that memory, so it is written here and never read.
 */
const KIBIBYTE = 1024;
/**
 * Threads that store at the same moment do not see each other's entries, and the sum passes its limit by what they had on
 * the way. More than this is no such moment.
 */
const OVERSHOOT_BYTES = 64 * 1024 * KIBIBYTE;

export class StateBudget {
  readonly limitBytes: number;
  /** One number, the sum in KiB. */
  readonly usedKib = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether so much more must not be kept, whatever the threads had seen. */
  refuses(bytes: number): boolean {
    return bytes > 0 && this.#usedBytes + bytes > this.limitBytes + OVERSHOOT_BYTES;
  }

  /** @param bytes how much more is held than before, or less */
  account(bytes: number): void {
    this.#usedBytes += bytes;
    Atomics.store(this.usedKib, 0, Math.ceil(this.#usedBytes / KIBIBYTE));
  }
}
