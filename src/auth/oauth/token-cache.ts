/** What is known of tokens, by their digests: no token is kept. Bounded, and each entry is forgotten in time. */
import { hash } from 'node:crypto';

const MAX_ENTRIES = 10_000;

export function tokenDigest(token: string): string {
  return hash('sha256', token, 'base64');
}

interface Entry<Value> {
  readonly value: Value;
  readonly untilMs: number;
}

export class TokenCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>();

  get(digest: string, nowMs = Date.now()): Value | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    if (nowMs < entry.untilMs) return entry.value;
    this.#entries.delete(digest);
    return undefined;
  }

  /** Where there are too many, the oldest one goes. */
  set(digest: string, value: Value, untilMs: number): void {
    this.#entries.delete(digest);
    if (this.#entries.size >= MAX_ENTRIES) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(digest, { value, untilMs });
  }
}
