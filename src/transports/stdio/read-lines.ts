/**
 * JSON-RPC messages as lines (2025-11-25, Transports, "stdio"): UTF-8, ended by a line feed, none of which is within a
 * message. Reading is a pull: nothing more is taken from the stream while a line is being handled, so that a writer
 * that is too fast waits on its pipe.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { LineBuffer, MAX_LINE_BYTES, type TakenLine } from '../../shared/line-buffer.js';

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
  const line = new LineBuffer(maxBytes);
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      for (const taken of line.push(chunk)) {
        const read = readable(taken);
        if (read !== undefined) yield read;
      }
    }
  } catch (error) {
    if (!isBroken(error)) throw error;
  }
  const last = readable(line.take());
  if (last !== undefined) yield last;
}

/** As readers of messages take a line; `undefined` if it is blank. */
function readable(taken: TakenLine | undefined): Line | undefined {
  if (taken === undefined) return undefined;
  if (taken.kind === 'too-long') return { kind: 'too-long', bytes: taken.bytes };
  const { line } = taken;
  if (!isUtf8(line)) return { kind: 'not-utf-8', bytes: line.length };
  const text = line.toString('utf8').trim();
  return text === '' ? undefined : { kind: 'text', text };
}

/** Connection errors of a pipe or socket, and a stream that was destroyed. */
function isBroken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && ['ECONNRESET', 'EPIPE', 'EIO', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
}
