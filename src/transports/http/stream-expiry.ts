/**
 * A stream that outlives the credential with which it was opened. It is closed then, with the reason; first, what is in
 * flight on it may end. A stream of one call needs none of it: it ends with its call.
 */
import type { Principal } from '../../auth/principal.js';

/** The longest delay that Node's timers support. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Written as a comment (WHATWG HTML, section 9.2.5). */
export const EXPIRED = ': the credential of this stream has expired: open it again with a new one\n\n';

export class StreamExpiry {
  readonly #expiresAtMs: number;
  readonly #isBusy: () => boolean;
  readonly #close: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param isBusy whether something is in flight on the stream */
  constructor(expiresAtMs: number, isBusy: () => boolean, close: () => void) {
    this.#expiresAtMs = expiresAtMs;
    this.#isBusy = isBusy;
    this.#close = close;
    this.#arm();
  }

  /** Something on the stream may have ended. */
  settled(): void {
    if (Date.now() >= this.#expiresAtMs && !this.#isBusy()) this.#close();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    const leftMs = this.#expiresAtMs - Date.now();
    this.#timer = setTimeout(() => this.#due(), Math.min(MAX_DELAY_MS, Math.max(0, leftMs)));
  }

  #due(): void {
    if (Date.now() < this.#expiresAtMs) this.#arm();
    else this.settled();
  }
}

/** When a stream of this principal has to be closed; for `SseStreamOptions`. */
export function expiryOf({ expiresAtMs }: Principal, isBusy: () => boolean = () => false) {
  return expiresAtMs === undefined ? {} : { expiry: { expiresAtMs, isBusy } };
}
