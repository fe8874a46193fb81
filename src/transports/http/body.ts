import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget, HeldBody } from './body-budget.js';

export type Body =
  | { readonly outcome: 'text'; readonly text: string }
  | { readonly outcome: 'too-large' }
  /** All unfinished bodies together held too much, and this one held most of it for longest. */
  | { readonly outcome: 'no-room' }
  | { readonly outcome: 'not-utf-8' }
  /** The client disconnected before the end of the body. */
  | { readonly outcome: 'aborted' }
  /** A body parser has read it, and what it has made of it is not known, */
  | { readonly outcome: 'read-before' }
  /** or cannot be written as JSON again. */
  | { readonly outcome: 'too-deep' };

const REPLACEMENT_CHARACTER = '\ufffd';

/**
 * Smaller chunks are copied together: a body that arrives byte by byte would otherwise take a hundred times its length.
 */
const PIECE_BYTES = 16 * 1024;

/**
 * Reads a body of at most `maxBodyBytes` as UTF-8 and calls back once. A larger body is not read to its end. A client
 * that waits for `100 Continue` gets it here. What a body parser has read before is taken from `request.body`.
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
  if (request.readableDidRead) {
    done(parsedBefore(request, maxBodyBytes));
    return;
  }
  askForBody(request, response);
  const body = new UnfinishedBody(bodies);
  let bytes = 0;
  let finished = false;
  // The listeners stay: removing three of them for each request costs more than these flags.
  const finish = (outcome: Body): void => {
    if (finished) return;
    finished = true;
    body.release();
    done(outcome);
  };
  body.onRejected = () => finish({ outcome: 'no-room' });
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

/**
 * HTTP/1.0 has no interim answers, and ignores the header (RFC 9110, section 10.1.1). A server of the embedding program has
 * answered it already, unless it listens to `checkContinue`. Only Node's own mark shows that.
 */
function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect === undefined || request.httpVersionMinor === 0) return;
  const { _sent100: asked } = response as { readonly _sent100?: boolean };
  if (asked !== true) response.writeContinue();
}

/** The body of a request that a parser in front of the handler has read, such as `express.json()`, from `request.body`. */
function parsedBefore(request: IncomingMessage, maxBodyBytes: number): Body {
  const { body } = request as { readonly body?: unknown };
  if (ArrayBuffer.isView(body)) {
    if (body.byteLength > maxBodyBytes) return { outcome: 'too-large' };
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return isUtf8(bytes) ? { outcome: 'text', text: bytes.toString() } : { outcome: 'not-utf-8' };
  }
  let text: unknown;
  try {
    text = typeof body === 'object' && body !== null ? JSON.stringify(body) : body;
  } catch (error) {
    // It recurses, which `JSON.parse` does not.
    return { outcome: error instanceof RangeError ? 'too-deep' : 'read-before' };
  }
  if (typeof text !== 'string') return { outcome: 'read-before' };
  return Buffer.byteLength(text) > maxBodyBytes ? { outcome: 'too-large' } : { outcome: 'text', text };
}

/** What has arrived of a body so far. Most bodies arrive whole, in one chunk, and do not have to be counted. */
class UnfinishedBody implements HeldBody {
  heldBytes = 0;
  startedAtMs = 0;
  onRejected: () => void = () => {};
  readonly #budget: BodyBudget;
  #first: Buffer | undefined;
  #pieces: Buffer[] | undefined;
  /** The buffer to which small chunks are copied, and how much of it is used. */
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
        // The body was refused because there was no room.
        if (this.heldBytes === 0) return;
      }
      const copied = chunk.copy(tail, this.#tailBytes, copiedBytes);
      copiedBytes += copied;
      this.#tailBytes += copied;
      if (this.#tailBytes === PIECE_BYTES) this.#closeTail(this.#pieces);
    }
  }

  /** `undefined` if it is not UTF-8: a tool would otherwise receive a different text. */
  text(): string | undefined {
    const whole = this.#whole();
    const text = whole.toString('utf8');
    // Bytes that are not UTF-8 become the replacement character, which hardly any text contains. Searching for it is
    // faster than checking.
    return text.includes(REPLACEMENT_CHARACTER) && !isUtf8(whole) ? undefined : text;
  }

  release(): void {
    if (this.heldBytes > 0) this.#budget.release(this);
    this.heldBytes = 0;
    this.#first = undefined;
    this.#pieces = undefined;
    this.#tail = undefined;
  }

  reject(): void {
    this.onRejected();
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
