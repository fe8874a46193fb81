/**
 * What the session's server has asked its client without having been answered yet (sampling, elicitation, roots, ping).
 * A response is passed on only if it answers one of these: a thread that replaced a dead one must not receive answers
 * to the questions of its predecessor.
 */

import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import { LazySet } from '../shared/lazy-collections.js';
import type { RequestId } from '../shared/request-id.js';

/** Far more than a client would answer at the same time. */
const MAX_OPEN = 256;

export class ServerRequests {
  readonly #open = new LazySet<RequestId>();

  /**
   * Records a request to the client.
   * @param orphaned whether the client's request that it belongs to is over
   * @returns the error response for the server if the request must not be sent
   */
  ask(id: RequestId, orphaned: boolean): string | undefined {
    if (orphaned) return rejection(id, 'The request that this belongs to is over.');
    if (this.#open.size >= MAX_OPEN) return rejection(id, 'Too many requests to this client are unanswered.');
    this.#open.add(id);
    return undefined;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Whether the response answers one of these requests. */
  answered(id: RequestId): boolean {
    return this.#open.delete(id);
  }

  /** The thread that asked is gone. */
  clear(): void {
    this.#open.clear();
  }
}

function rejection(id: RequestId, message: string): string {
  return errorResponse(id, JSON_RPC.serverError, message);
}
