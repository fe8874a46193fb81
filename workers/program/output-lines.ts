/** What a program writes, as lines. Most programs write each message as one string with its line break. */
import { type LineOwner, LineReader } from '../../src/shared/line-reader.js';

/** One with these is encoded first: as bytes, half a pair becomes U+FFFD. */
const SURROGATE = /[\ud800-\udfff]/;
const LINE_FEED = 0x0a;
/** A character of a string has at most 3 bytes in UTF-8. */
const MAX_BYTES_OF_CHAR = 3;

export class OutputLines {
  readonly #maxChars: number;
  readonly #owner: LineOwner;
  readonly #reader: LineReader;
  readonly #joined: boolean;
  /** Whether a line has begun that has not ended. */
  #isWithinLine = false;

  /** @param joined whether lines that are written at once are one, as those of a `console.error` are */
  constructor(maxBytes: number, owner: LineOwner, joined = false) {
    this.#joined = joined;
    this.#maxChars = Math.floor(maxBytes / MAX_BYTES_OF_CHAR);
    this.#owner = owner;
    this.#reader = new LineReader(maxBytes, owner);
  }

  push(chunk: string | Uint8Array): void {
    if (chunk.length === 0) return;
    if (typeof chunk === 'string' && this.#isWholeLine(chunk)) {
      const end = chunk.endsWith('\r\n') ? -2 : -1;
      if (chunk.length + end > 0) this.#owner.onLine(chunk.slice(0, end), true);
      return;
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : bufferOf(chunk);
    this.#isWithinLine = bytes.at(-1) !== LINE_FEED;
    this.#reader.push(bytes);
  }

  /** What has no line break is the last line. */
  end(): void {
    this.#reader.end();
  }

  #isWholeLine(text: string): boolean {
    return (
      !this.#isWithinLine &&
      text.length <= this.#maxChars &&
      (this.#joined ? text.endsWith('\n') : text.indexOf('\n') === text.length - 1) &&
      !SURROGATE.test(text)
    );
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
