/**
 * Chunks of a pipe as lines of text (2025-11-25, Transports, "stdio"), for readers that cannot pull them: only the current line is
 * kept, and no more of it than its limit.
 */
import { LineBuffer, type TakenLine } from './line-buffer.js';

export interface LineOwner {
  /**
   * Handles a whole line without its line break; the last line may have had none.
   * @param valid whether it was UTF-8; bytes that were not are replaced by U+FFFD
   */
  onLine(line: string, valid: boolean): void;
  /** A line was longer than the limit and was discarded, except for its beginning and its end. */
  onOverlong(head: string, tail: string, bytes: number): void;
}

export class LineReader {
  readonly #line: LineBuffer;
  readonly #owner: LineOwner;

  constructor(maxBytes: number, owner: LineOwner) {
    this.#line = new LineBuffer(maxBytes);
    this.#owner = owner;
  }

  push(chunk: Buffer): void {
    for (const line of this.#line.push(chunk)) this.#hand(line);
  }

  /** The pipe has ended: bytes without a line break are the last line. */
  end(): void {
    const line = this.#line.take();
    if (line !== undefined) this.#hand(line);
  }

  #hand(line: TakenLine): void {
    if (line.kind === 'text') this.#owner.onLine(line.text, line.valid);
    else this.#owner.onOverlong(line.head, line.tail, line.bytes);
  }
}
