/**
 * What the session's server has asked its client and not been answered yet (sampling, elicitation, roots, ping).
 * A response is passed on only when it answers one of these: a thread that took over from a dead one must not be
 * handed the answers to its predecessor's questions.
 */

import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import { LazySet } from '../shared/lazy-collections.js';
import type { RequestId } from '../shared/request-id.js';

/** Far more than a client would ever answer side by side. */
const MAX_OPEN = 256;

export class ServerRequests {
  readonly #open = new LazySet<RequestId>();

  /**
   * Takes note of a request to the client.
   * @param orphaned whether the client's request that it belongs to is over.
   * @returns the error response for the server where the request must not be sent.
   */
  ask(id: RequestId, orphaned: boolean): string | undefined {
    if (orphaned) return refused(id, 'The request that this belongs to is over.');
    if (this.#open.size >= MAX_OPEN) return refused(id, 'Too many requests to this client are unanswered.');
    this.#open.add(id);
    return undefined;
  }

  get open(): number {
    return this.#open.size;
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

function refused(id: RequestId, message: string): string {
  return errorResponse(id, JSON_RPC.serverError, message);
}
