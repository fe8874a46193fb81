/**
 * A token bucket: what it holds is used up, and comes back evenly. It may be overdrawn, for what is known only afterwards.
 *
 * It is asked for each request on the main thread, so it is synchronous, has no timer, and takes three numbers.
 */
export interface BucketSize {
  readonly capacity: number;
  readonly perMs: number;
  /** By how much it may be overdrawn; what is beyond it is forgiven. Without it, there is no limit. */
  readonly overdraft?: number;
}

export class Bucket {
  #level: number;
  #atMs: number;

  /** It is full. */
  constructor({ capacity }: BucketSize, nowMs: number) {
    this.#level = capacity;
    this.#atMs = nowMs;
  }

  /** What it holds; less than 0 if it is overdrawn. */
  level({ capacity, perMs }: BucketSize, nowMs: number): number {
    return Math.min(capacity, this.#level + Math.max(0, nowMs - this.#atMs) * perMs);
  }

  take(amount: number, size: BucketSize, nowMs: number): void {
    const { overdraft = Number.POSITIVE_INFINITY } = size;
    this.#level = Math.max(-overdraft, this.level(size, nowMs) - amount);
    this.#atMs = nowMs;
  }

  /** After how many milliseconds it holds this much. */
  msUntil(amount: number, size: BucketSize, nowMs: number): number {
    return Math.max(0, (amount - this.level(size, nowMs)) / size.perMs);
  }
}
