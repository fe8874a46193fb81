/**
 * What the session's server has asked its client and not been answered yet (sampling, elicitation, roots, ping).
 * A response is passed on only when it answers one of these: a thread that took over from a dead one must not be
 * handed the answers to its predecessor's questions.
 */
import type { RequestId } from '../shared/frames.js';

/** Far more than a client would ever answer side by side. */
const MAX_OPEN = 256;

export class ServerRequests {
  readonly #open = new Set<RequestId>();

  /** `false` when too many are open: the request must not be sent. */
  asked(id: RequestId): boolean {
    if (this.#open.size >= MAX_OPEN) return false;
    this.#open.add(id);
    return true;
  }

  /** Whether the response answers something. */
  answered(id: RequestId): boolean {
    return this.#open.delete(id);
  }

  /** The thread that asked is gone. */
  clear(): void {
    this.#open.clear();
  }
}
