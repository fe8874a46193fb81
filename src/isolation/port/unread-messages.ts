/**
 * The messages that a session thread was sent and has not read, in order. The thread counts in shared memory what it
 * reads. After its death it is therefore known what its successor may be sent: what was read never runs twice, and what
 * was not read is not lost. Both sides count up to 2^32 and then start again.
 */
import type { RequestId } from '../../shared/request-id.js';
import type { PostedMessage } from '../worker.js';

export class UnreadMessages {
  /** One number in memory that both threads see: how many messages the thread has passed to its server. */
  readonly taken: Int32Array;
  readonly #messages: PostedMessage[] = [];
  #posted = 0;
  #chars = 0;

  constructor(taken: Int32Array) {
    this.taken = taken;
  }

  /** Characters that it has not read. */
  get chars(): number {
    this.#forgetTaken();
    return this.#chars;
  }

  posted(message: PostedMessage): void {
    if (this.#messages.length > 0) this.#forgetTaken();
    this.#messages.push(message);
    this.#chars += message.body.length;
    this.#posted = (this.#posted + 1) | 0;
  }

  /**
   * What another thread may be sent when this one reads nothing more.
   * @param wanted whether somebody still waits for the answer to a request
   */
  left(wanted: (requestId: RequestId) => boolean): PostedMessage[] {
    this.#forgetTaken();
    return this.#messages.filter((message) =>
      message.requestId === undefined ? !message.own : wanted(message.requestId),
    );
  }

  #forgetTaken(): void {
    const unread = (this.#posted - Atomics.load(this.taken, 0)) | 0;
    while (this.#messages.length > unread) this.#chars -= this.#messages.shift()?.body.length ?? 0;
  }
}
