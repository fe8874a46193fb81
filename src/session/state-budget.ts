/**
 * Size of all `session.state` together. Workers are sent the sum and store no more than there is room for. The main
 * thread counts for itself and does not rely on that.
 */
const KIBIBYTE = 1024;
/**
 * Workers that store at the same moment do not see each other's entries, so the sum can exceed its limit by what they
 * store meanwhile. More than this cannot come from that.
 */
const OVERSHOOT_BYTES = 64 * 1024 * KIBIBYTE;

export class StateBudget {
  readonly limitBytes: number;
  readonly #onUsed: (bytes: number) => void;
  #usedBytes = 0;

  /** @param onUsed sends workers the sum, in bytes */
  constructor(limitBytes: number, onUsed: (bytes: number) => void) {
    this.limitBytes = limitBytes;
    this.#onUsed = onUsed;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether so much more must be refused, whatever the workers knew. */
  refuses(bytes: number): boolean {
    return bytes > 0 && this.#usedBytes + bytes > this.limitBytes + OVERSHOOT_BYTES;
  }

  /** @param bytes how much more is stored than before; negative if less */
  account(bytes: number): void {
    this.#usedBytes += bytes;
    this.#onUsed(this.#usedBytes);
  }
}
