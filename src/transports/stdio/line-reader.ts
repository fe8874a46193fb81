/**
 * JSON-RPC messages as lines (2025-11-25, Transports, "stdio"): UTF-8, ended by a line feed, none of which is within a
 * message. Reading is a pull: nothing more is taken from the stream while a line is being handled, so that a writer
 * that is too fast waits on its pipe.
 */
import type { Readable } from 'node:stream';

/** The longest line, in bytes: as much as one message of a server. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;

const LINE_FEED = 0x0a;
const FIRST_BYTES = 64 * 1024;

/** `too-long`: its bytes were read and discarded. `not-utf-8`: JSON must be UTF-8 (RFC 8259, section 8.1). */
export type Line =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too-long' | 'not-utf-8'; readonly bytes: number };

/**
 * The lines of a stream, without their ends (`\n` or `\r\n`) and without blank ones. What comes after the last line
 * feed is a line as well: a message that was cut off is not JSON, and its reader will say so. A stream that breaks has
 * ended: its writer is gone. Leaving the loop destroys the stream.
 */
export async function* readLines(input: Readable, maxBytes = MAX_LINE_BYTES): AsyncGenerator<Line> {
  const line = new GrowingLine(maxBytes);
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        line.add(chunk.subarray(start, end));
        start = end + 1;
        const read = line.take();
        if (read !== undefined) yield read;
      }
      line.add(chunk.subarray(start));
    }
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  const last = line.take();
  if (last !== undefined) yield last;
}

/** A line that has not ended. It is copied into one buffer, since a writer may send it a byte at a time. */
class GrowingLine {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #buffer = Buffer.allocUnsafe(0);
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Buffer): void {
    if (part.length === 0) return;
    const bytes = this.#bytes + part.length;
    if (bytes > this.#maxBytes) {
      this.#buffer = Buffer.allocUnsafe(0);
    } else {
      if (bytes > this.#buffer.length) this.#grow(bytes);
      part.copy(this.#buffer, this.#bytes);
    }
    this.#bytes = bytes;
  }

  /** The line, which ends here; `undefined` if it is blank. */
  take(): Line | undefined {
    const bytes = this.#bytes;
    if (bytes === 0) return undefined;
    this.#bytes = 0;
    if (bytes > this.#maxBytes) return { kind: 'too-long', bytes };
    const buffer = this.#buffer;
    // A long line is rare, and nothing is kept for the next one.
    if (buffer.length > FIRST_BYTES) this.#buffer = Buffer.allocUnsafe(0);
    let text: string;
    try {
      text = this.#decoder.decode(buffer.subarray(0, bytes)).trim();
    } catch {
      // The only error that a decoder throws: these bytes are no UTF-8.
      return { kind: 'not-utf-8', bytes };
    }
    return text === '' ? undefined : { kind: 'text', text };
  }

  #grow(bytes: number): void {
    const size = Math.min(Math.max(bytes, this.#buffer.length * 2, FIRST_BYTES), this.#maxBytes);
    const grown = Buffer.allocUnsafe(size);
    this.#buffer.copy(grown, 0, 0, this.#bytes);
    this.#buffer = grown;
  }
}

/** Connection errors of a pipe or socket, and a stream that was destroyed. */
function isBroken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && ['ECONNRESET', 'EPIPE', 'EIO', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
}
