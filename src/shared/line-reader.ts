/**
 * Chunks of a pipe as lines of text (2025-11-25, Transports, "stdio"), for readers that cannot pull them: only the current line is
 * kept, and no more of it than its limit.
 */
import { isUtf8 } from 'node:buffer';
import { LineBuffer, type TakenLine } from './line-buffer.js';

export interface LineOwner {
  /**
   * Handles a whole line without its line break; the last line may have had none.
   * @param valid whether it was UTF-8; bytes that were not are replaced by U+FFFD
   */
  onLine(line: string, valid: boolean): void;
  /**
   * Handles a whole line of at least `largeBytes` without its line break, in memory of its own.
   */
  onLarge?(line: Uint8Array<ArrayBuffer>): void;
  /** So many lines without a byte were between the others. */
  onBlank?(lines: number): void;
  /** A line was longer than the limit and was discarded, except for its beginning and its end. */
  onOverlong(head: string, tail: string, bytes: number): void;
}

export class LineReader {
  readonly #line: LineBuffer;
  readonly #owner: LineOwner;
  readonly #largeBytes: number;

  /** @param largeBytes lines of at least this length are passed to `onLarge` */
  constructor(maxBytes: number, owner: LineOwner, largeBytes = Number.POSITIVE_INFINITY) {
    this.#line = new LineBuffer(maxBytes);
    this.#owner = owner;
    this.#largeBytes = largeBytes;
  }

  push(chunk: Buffer): void {
    for (const line of this.#line.push(chunk)) this.#hand(line);
    const blank = this.#line.takeBlank();
    if (blank > 0) this.#owner.onBlank?.(blank);
  }

  /** The pipe has ended: bytes without a line break are the last line. */
  end(): void {
    const line = this.#line.take();
    if (line !== undefined) this.#hand(line);
  }

  #hand(taken: TakenLine): void {
    if (taken.kind === 'too-long') return this.#owner.onOverlong(taken.head, taken.tail, taken.bytes);
    const { line } = taken;
    if (line.length < this.#largeBytes) this.#owner.onLine(line.toString('utf8'), isUtf8(line));
    else this.#owner.onLarge?.(new Uint8Array(line));
  }
}
