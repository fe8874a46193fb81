/** Messages of the client that have not been sent, in the order in which they came. */
import type { Envelope } from '../protocol/envelope.js';
import type { RequestId } from '../shared/request-id.js';

const MAX_MESSAGES = 1_000;
const MAX_CHARS = 32 * 1024 * 1024;

export class OutgoingQueue {
  #messages: Envelope[] = [];
  #chars = 0;
  #closed = false;
  #changed: (() => void)[] = [];

  get size(): number {
    return this.#messages.length;
  }

  push(message: Envelope): void {
    this.#messages.push(message);
    this.#chars += message.text.length;
    this.changed();
  }

  /** Resolves when one more message may be added. */
  async room(): Promise<void> {
    while (!this.#closed && (this.#messages.length >= MAX_MESSAGES || this.#chars > MAX_CHARS)) {
      await this.#change();
    }
  }

  /**
   * The next message; `undefined` after the queue was closed and is empty.
   * @param mayRequest whether another request may be sent. If not, what the requests in flight wait for is sent before
   *   the requests that wait here: an answer of the client, or a cancellation
   */
  async next(mayRequest: () => boolean): Promise<Envelope | undefined> {
    for (;;) {
      const requests = mayRequest();
      const index = this.#messages.findIndex(({ kind }) => requests || kind !== 'request');
      const [message] = index < 0 ? [] : this.#messages.splice(index, 1);
      if (message !== undefined) {
        this.#chars -= message.text.length;
        this.changed();
        return message;
      }
      if (this.#closed && this.#messages.length === 0) return undefined;
      await this.#change();
    }
  }

  /** Takes a request out that has not been sent; `false` if it is not here. */
  remove(id: RequestId): boolean {
    const index = this.#messages.findIndex((message) => message.kind === 'request' && message.id === id);
    const [message] = index < 0 ? [] : this.#messages.splice(index, 1);
    this.#chars -= message?.text.length ?? 0;
    this.changed();
    return message !== undefined;
  }

  /** Nothing is added any more. */
  close(): void {
    this.#closed = true;
    this.changed();
  }

  /** Drops everything. */
  clear(): void {
    this.#messages = [];
    this.#chars = 0;
    this.close();
  }

  /** Whoever waits looks again. */
  changed(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }
}
