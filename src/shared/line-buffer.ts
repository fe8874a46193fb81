/** The line that is being read from a pipe. Its bytes are copied into one buffer, since a writer may send them one at a time. */
/** The longest message of the stdio transport, in bytes; a module's may have as many characters. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;
const LINE_FEED = 0x0a;
const FIRST_BYTES = 64 * 1024;
/** What is kept of the beginning and of the end of a line that is too long: the id of a message is there. */
const KEPT_BYTES = 256;
const CARRIAGE_RETURN = 0x0d;

export type TakenLine =
  /** Without its end (`\n` or `\r\n`); to be read at once, because the next line uses the same memory. */
  | { readonly kind: 'whole'; readonly line: Buffer }
  /** It was discarded, except for its beginning and its end. */
  | { readonly kind: 'too-long'; readonly bytes: number; readonly head: string; readonly tail: string };

export class LineBuffer {
  readonly #maxBytes: number;
  #buffer = Buffer.allocUnsafe(0);
  #bytes = 0;
  #blank = 0;
  /** The last bytes of a line that is too long; its first ones are in `#buffer`. */
  #tail: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a chunk. What the caller takes of the lines that end in it, it takes one by one. */
  *push(chunk: Buffer): Generator<TakenLine> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      if (end > start) this.#add(chunk.subarray(start, end));
      start = end + 1;
      const taken = this.take();
      if (taken !== undefined) yield taken;
      else this.#blank += 1;
    }
    this.#add(chunk.subarray(start));
  }

  /** How many lines without a byte there were since this was last asked. */
  takeBlank(): number {
    const blank = this.#blank;
    this.#blank = 0;
    return blank;
  }

  /** Adds bytes that contain no line feed. */
  #add(part: Buffer): void {
    if (part.length === 0) return;
    const bytes = this.#bytes + part.length;
    if (bytes > this.#maxBytes) this.#keepEnds(part);
    else {
      if (bytes > this.#buffer.length) this.#grow(bytes);
      part.copy(this.#buffer, this.#bytes);
    }
    this.#bytes = bytes;
  }

  /** The line, which ends here; `undefined` if nothing was added. */
  take(): TakenLine | undefined {
    const [bytes, tail] = [this.#bytes, this.#tail];
    if (bytes === 0) return undefined;
    this.#bytes = 0;
    this.#tail = undefined;
    const buffer = this.#buffer;
    // A long line is rare, and nothing is kept for the next one.
    if (buffer.length > FIRST_BYTES) this.#buffer = Buffer.allocUnsafe(0);
    if (tail !== undefined) {
      const head = buffer.toString('utf8', 0, Math.min(KEPT_BYTES, buffer.length));
      return { kind: 'too-long', bytes, head, tail: tail.toString('utf8').trimEnd() };
    }
    const line = buffer.subarray(0, buffer[bytes - 1] === CARRIAGE_RETURN ? bytes - 1 : bytes);
    return { kind: 'whole', line };
  }

  #keepEnds(part: Buffer): void {
    if (this.#tail === undefined) {
      const begun = this.#buffer.subarray(0, this.#bytes);
      const head = Buffer.concat([begun.subarray(0, KEPT_BYTES), part.subarray(0, KEPT_BYTES)]);
      this.#tail = Buffer.from(begun.subarray(-KEPT_BYTES));
      this.#buffer = head.subarray(0, KEPT_BYTES);
    }
    this.#tail = Buffer.concat([this.#tail, part.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES);
  }

  #grow(bytes: number): void {
    const size = Math.min(
      Math.max(bytes, this.#buffer.length * 2, FIRST_BYTES),
      Math.max(bytes, this.#maxBytes),
    );
    const grown = Buffer.allocUnsafe(size);
    this.#buffer.copy(grown, 0, 0, this.#bytes);
    this.#buffer = grown;
  }
}
