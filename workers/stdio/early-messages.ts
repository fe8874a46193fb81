/**
 * What a server says before it has a session: it waits for the session, within limits. That a list has changed is never
 * lost, and said once.
 */
import type { ServerMessage } from './server-message.js';

const MAX_MESSAGES = 64;
const MAX_CHARS = 64 * 1024;
/** The protocol has three kinds of lists that change. */
const MAX_LISTS = 8;

export interface EarlyMessage {
  readonly message: ServerMessage;
  /** JSON. */
  readonly body: string;
}

export class EarlyMessages {
  #messages: EarlyMessage[] = [];
  #chars = 0;
  readonly #changed = new Set<string>();

  /** @param changedList the method that says that a list has changed, if this message does */
  add(message: ServerMessage, body: string, changedList: string | undefined): void {
    if (changedList !== undefined) {
      if (this.#changed.has(changedList) || this.#changed.size >= MAX_LISTS) return;
      this.#changed.add(changedList);
    } else if (this.#messages.length >= MAX_MESSAGES || this.#chars + body.length > MAX_CHARS) {
      return;
    }
    this.#messages.push({ message, body });
    this.#chars += body.length;
  }

  takeAll(): readonly EarlyMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#chars = 0;
    this.#changed.clear();
    return messages;
  }
}
