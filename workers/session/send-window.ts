/**
 * The way of a session's messages to the main thread. `send` waits while more than a window of characters has not left
 * the main thread: a tool that floods a client which does not read fills its own thread's memory, never the main
 * thread's.
 */
import type { InputRequiredFrame, SendFrame } from '../../src/shared/frames/from-worker.js';
import type { ListViews } from '../list-views.js';

/**
 * Characters of JSON that may be on their way. Large enough that a call's answers never wait for a credit frame; small
 * enough that even 10,000 sessions that do not read hold at most this for each thread.
 */
const WINDOW_CHARS = 1024 * 1024;

/** Frames whose texts cost credit. */
export type PacedFrame = SendFrame | InputRequiredFrame;

interface SendWindowOwner {
  post(frame: PacedFrame): void;
  /** What callers see of lists, if they do not see all of them. */
  readonly views?: ListViews;
}

export class SendWindow {
  readonly #owner: SendWindowOwner;
  /** Messages that wait for credit. Limited by the thread's own heap limit. */
  readonly #queue: { frame: SendFrame; sent: () => void }[] = [];
  #outstanding = 0;

  constructor(owner: SendWindowOwner) {
    this.#owner = owner;
  }

  /** Whether a message may be sent at once. */
  get open(): boolean {
    return this.#outstanding <= WINDOW_CHARS && this.#queue.length === 0;
  }

  /** Whether a message waits. */
  get waits(): boolean {
    return this.#queue.length > 0;
  }

  /** Resolves when the message has been posted. */
  send(frame: SendFrame): Promise<void> {
    if (this.open) {
      this.postNow(frame);
      return Promise.resolve();
    }
    return new Promise((sent) => {
      this.#queue.push({ frame, sent });
    });
  }

  /** For a message that may be sent at once. */
  postNow(whole: SendFrame): void {
    const { views } = this.#owner;
    const frame = views === undefined ? whole : views.seen(whole);
    this.#outstanding += frame.body.length;
    this.#owner.post(frame);
  }

  /** At once: its client has been answered, and there is one for each request. */
  ask(frame: InputRequiredFrame): void {
    this.#outstanding += frame.before.length + (frame.after?.length ?? 0);
    this.#owner.post(frame);
  }

  /** This many characters have left the main thread. */
  credit(chars: number): void {
    this.#outstanding -= chars;
    while (this.#outstanding <= WINDOW_CHARS) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.postNow(next.frame);
      next.sent();
    }
  }
}
