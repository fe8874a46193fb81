/** The messages of one session that wait for a worker, in the order in which they came. */
import type { PostedMessage } from '../isolation/worker.js';
import type { RequestId } from '../shared/request-id.js';

/** Notifications and responses that wait for a worker. Requests have their own limit. */
const MAX_MESSAGES = 256;

export class WaitingMessages {
  #messages: PostedMessage[] = [];

  get size(): number {
    return this.#messages.length;
  }

  /** Whether one more notification or response would have to be dropped. */
  get full(): boolean {
    return this.#messages.length >= MAX_MESSAGES;
  }

  get chars(): number {
    let chars = 0;
    for (const { body } of this.#messages) chars += body.length;
    return chars;
  }

  add(message: PostedMessage): void {
    this.#messages.push(message);
  }

  /** A worker has died without having read these. They came before all that wait. */
  putBack(unread: readonly PostedMessage[]): void {
    if (unread.length > 0) this.#messages = [...unread, ...this.#messages];
  }

  remove(requestId: RequestId): void {
    this.#messages = this.#messages.filter((message) => message.requestId !== requestId);
  }

  /** None waits any more. */
  take(): readonly PostedMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}

/** The requests among the messages. */
export function requestsOf(messages: readonly PostedMessage[]): Set<RequestId> {
  const requests = new Set<RequestId>();
  for (const { requestId } of messages) if (requestId !== undefined) requests.add(requestId);
  return requests;
}
