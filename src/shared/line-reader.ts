/**
 * Reads the bytes of a pipe as lines of text, as in the stdio transport: each is one JSON-RPC message in UTF-8, without
 * line breaks inside (2025-11-25, Transports, "stdio"). Only the current line is kept, up to its limit.
 */
import { isUtf8 } from 'node:buffer';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** How much is kept of the beginning and of the end of a line that is too long; the id of a message is there. */
const KEPT_BYTES = 256;

export interface LineOwner {
  /**
   * A complete line without its line break; the last one may have had none.
   * @param valid whether it was UTF-8; invalid bytes are U+FFFD in the text
   */
  onLine(line: string, valid: boolean): void;
  /** A line was longer than the limit and was dropped, except for its beginning and its end. */
  onOverlong(head: string, tail: string, bytes: number): void;
}

export class LineReader {
  readonly #maxBytes: number;
  readonly #owner: LineOwner;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** The last bytes of a line that exceeds the limit. */
  #tail: Buffer | undefined;

  constructor(maxBytes: number, owner: LineOwner) {
    this.#maxBytes = maxBytes;
    this.#owner = owner;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#take(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#take(chunk.subarray(start));
  }

  /** The pipe has ended: what arrived without a line break is the last line. */
  end(): void {
    if (this.#bytes > 0) this.#finish();
  }

  #take(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#tail === undefined && this.#bytes <= this.#maxBytes) {
      // A copy: otherwise, if the pipe is written byte by byte, each byte would keep the memory of its whole chunk.
      this.#parts.push(piece.length < piece.buffer.byteLength / 2 ? Buffer.from(piece) : piece);
      return;
    }
    if (this.#tail === undefined) {
      const head = Buffer.concat(this.#parts).subarray(0, KEPT_BYTES);
      this.#parts = [
        Buffer.from(head.length < KEPT_BYTES ? Buffer.concat([head, piece]).subarray(0, KEPT_BYTES) : head),
      ];
      this.#tail = Buffer.alloc(0);
    }
    this.#tail = Buffer.from(Buffer.concat([this.#tail, piece.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES));
  }

  #finish(): void {
    const [parts, bytes, tail] = [this.#parts, this.#bytes, this.#tail];
    this.#parts = [];
    this.#bytes = 0;
    this.#tail = undefined;
    if (tail !== undefined) {
      this.#owner.onOverlong(String(parts[0] ?? ''), tail.toString('utf8').trimEnd(), bytes);
      return;
    }
    let line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1);
    this.#owner.onLine(line.toString('utf8'), isUtf8(line));
  }
}
