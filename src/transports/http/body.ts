import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget, HeldBody } from './body-budget.js';

export type Body =
  | { readonly outcome: 'text'; readonly text: string }
  | { readonly outcome: 'too-large' }
  /** All unfinished bodies together held too much, and this one most of it for longest. */
  | { readonly outcome: 'no-room' }
  | { readonly outcome: 'not-utf-8' }
  /** The client went away in the middle of it. */
  | { readonly outcome: 'aborted' };

const REPLACEMENT_CHARACTER = '\ufffd';

/** Smaller pieces are copied together: a body that comes byte by byte would else cost a hundred times its length. */
const PIECE_BYTES = 16 * 1024;

/**
 * Reads a body of at most so many bytes as UTF-8 and calls back once. A larger one is not read to its end. A client
 * that waits for `100 Continue` before it sends a body gets it here.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBodyBytes, bodies }: { readonly maxBodyBytes: number; readonly bodies: BodyBudget },
  done: (body: Body) => void,
): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBodyBytes) {
    done({ outcome: 'too-large' });
    return;
  }
  // HTTP/1.0 has no interim answers, and ignores the header (RFC 9110, section 10.1.1).
  if (request.headers.expect !== undefined && request.httpVersionMinor > 0) response.writeContinue();
  const body = new UnfinishedBody(bodies);
  let bytes = 0;
  let finished = false;
  // The listeners stay: taking three of them away again for each request costs more than these flags.
  const finish = (outcome: Body): void => {
    if (finished) return;
    finished = true;
    body.release();
    done(outcome);
  };
  body.onRefused = () => finish({ outcome: 'no-room' });
  request.on('data', (chunk: Buffer) => {
    if (finished) return;
    bytes += chunk.length;
    if (bytes > maxBodyBytes) finish({ outcome: 'too-large' });
    else body.append(chunk, declared);
  });
  request.on('end', () => {
    if (finished) return;
    const text = body.text();
    finish(text === undefined ? { outcome: 'not-utf-8' } : { outcome: 'text', text });
  });
  request.on('close', () => finish({ outcome: 'aborted' }));
}

/** What has come of a body so far. Most come whole, in one piece, and are nothing that anybody has to count. */
class UnfinishedBody implements HeldBody {
  heldBytes = 0;
  startedAtMs = 0;
  onRefused: () => void = () => {};
  readonly #budget: BodyBudget;
  #first: Buffer | undefined;
  #pieces: Buffer[] | undefined;
  /** Where small pieces are copied to, and how much of it is used. */
  #tail: Buffer | undefined;
  #tailBytes = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  append(chunk: Buffer, declaredBytes: number): void {
    if (this.#first === undefined && chunk.length === declaredBytes) {
      this.#first = chunk;
      return;
    }
    if (this.startedAtMs === 0) this.startedAtMs = performance.now();
    this.#pieces ??= [];
    if (chunk.length >= PIECE_BYTES) {
      this.#closeTail(this.#pieces);
      this.#pieces.push(chunk);
      this.#hold(chunk.length);
      return;
    }
    let copiedBytes = 0;
    while (copiedBytes < chunk.length) {
      let tail = this.#tail;
      if (tail === undefined) {
        tail = Buffer.allocUnsafeSlow(PIECE_BYTES);
        this.#tail = tail;
        this.#hold(PIECE_BYTES);
        // It was refused for want of room.
        if (this.heldBytes === 0) return;
      }
      const copied = chunk.copy(tail, this.#tailBytes, copiedBytes);
      copiedBytes += copied;
      this.#tailBytes += copied;
      if (this.#tailBytes === PIECE_BYTES) this.#closeTail(this.#pieces);
    }
  }

  /** `undefined` when it is not UTF-8: what came in its place would reach a tool as something else. */
  text(): string | undefined {
    const whole = this.#whole();
    const text = whole.toString('utf8');
    // What is no UTF-8 becomes the replacement character, which nearly no text has by itself: one look for it costs less.
    return text.includes(REPLACEMENT_CHARACTER) && !isUtf8(whole) ? undefined : text;
  }

  release(): void {
    if (this.heldBytes > 0) this.#budget.release(this);
    this.heldBytes = 0;
    this.#first = undefined;
    this.#pieces = undefined;
    this.#tail = undefined;
  }

  refuse(): void {
    this.onRefused();
  }

  #whole(): Buffer {
    const pieces = this.#pieces;
    if (pieces === undefined) return this.#first ?? Buffer.alloc(0);
    this.#closeTail(pieces);
    return Buffer.concat(pieces);
  }

  #closeTail(pieces: Buffer[]): void {
    if (this.#tail === undefined) return;
    pieces.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = undefined;
    this.#tailBytes = 0;
  }

  #hold(bytes: number): void {
    this.heldBytes += bytes;
    this.#budget.take(this, bytes);
  }
}
