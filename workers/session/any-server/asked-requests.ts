/**
 * Requests of the server to its client. The server's own ids are replaced by ids of the session: a server in a new
 * thread counts from 0 again, and its client may still be answering its predecessor.
 */
import type { RequestId } from '../../../src/shared/request-id.js';

export class AskedRequests {
  #nextId: number;
  /** The server's own ids, by the session's id. */
  readonly #theirs = new Map<RequestId, unknown>();

  /** @param firstId no earlier thread of the session has used it */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** Whether one waits for the client's answer. */
  get any(): boolean {
    return this.#theirs.size > 0;
  }

  /** @returns the id under which the client is asked */
  ask(theirs: unknown): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#theirs.set(id, theirs);
    return id;
  }

  /** The client has answered. Returns the server's own id; `undefined` if an earlier thread asked, or none. */
  answered(id: unknown): RequestId | undefined {
    const theirs = this.#theirs.get(id as RequestId) as RequestId | undefined;
    this.#theirs.delete(id as RequestId);
    return theirs;
  }

  /** The server withdraws its request. Returns the session's id; `undefined` if it does not wait. */
  withdrawn(theirs: unknown): RequestId | undefined {
    for (const [id, own] of this.#theirs) {
      if (own !== theirs) continue;
      this.#theirs.delete(id);
      return id;
    }
    return undefined;
  }
}
