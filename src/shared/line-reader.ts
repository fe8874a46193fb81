/**
 * Chunks of a pipe as lines of text (2025-11-25, Transports, "stdio"), for readers that cannot pull them: only the current line is
 * kept, and no more of it than its limit.
 */
import { LineBuffer } from './line-buffer.js';

const LINE_FEED = 0x0a;

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
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#line.add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    this.#line.add(chunk.subarray(start));
  }

  /** The pipe has ended: bytes without a line break are the last line. */
  end(): void {
    this.#finish();
  }

  #finish(): void {
    const line = this.#line.take();
    if (line === undefined) return;
    if (line.kind === 'text') this.#owner.onLine(line.text, line.valid);
    else this.#owner.onOverlong(line.head, line.tail, line.bytes);
  }
}
