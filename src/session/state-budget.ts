/**
 * What all sessions' `session.state` hold together. Workers are told the sum, and store no more than there is room for; what is
 * counted here does not depend on what they make of it.
 */
const KIBIBYTE = 1024;
/**
 * Workers that store at the same moment do not see each other's entries, and the sum passes its limit by what they had on
 * the way. More than this is no such moment.
 */
const OVERSHOOT_BYTES = 64 * 1024 * KIBIBYTE;

export class StateBudget {
  readonly limitBytes: number;
  readonly #onUsed: (bytes: number) => void;
  #usedBytes = 0;

  /** @param onUsed tells workers the sum, in bytes */
  constructor(limitBytes: number, onUsed: (bytes: number) => void) {
    this.limitBytes = limitBytes;
    this.#onUsed = onUsed;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether so much more must not be kept, whatever the workers had seen. */
  refuses(bytes: number): boolean {
    return bytes > 0 && this.#usedBytes + bytes > this.limitBytes + OVERSHOOT_BYTES;
  }

  /** @param bytes how much more is held than before, or less */
  account(bytes: number): void {
    this.#usedBytes += bytes;
    this.#onUsed(this.#usedBytes);
  }
}
