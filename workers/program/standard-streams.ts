/**
 * The stdin, stdout and stderr of a program that runs in this thread. They behave as pipes of a process do, and pass
 * everything on in the thread itself: Node's own streams of a worker would take it through the main thread.
 */
import { Readable, Writable } from 'node:stream';

const STDIN_BUFFER_BYTES = 64 * 1024;
/** As Node's own. */
const OUTPUT_BUFFER_BYTES = 16 * 1024;

type Written = (error?: Error | null) => void;

export interface InputOwner {
  /** It takes the next line. */
  onDrained(): void;
  /** Whether the program waits for what arrives. While it does, a process would not end by itself. */
  onWaiting(waits: boolean): void;
}

/** stdin. It is read whenever the program likes. */
export class ProgramInput extends Readable {
  readonly fd = 0;
  readonly #owner: InputOwner;
  #isFull = false;
  #isRead = false;
  #keepsAlive = true;

  constructor(owner: InputOwner) {
    super({ highWaterMark: STDIN_BUFFER_BYTES });
    this.#owner = owner;
    for (const event of ['pause', 'end', 'close']) this.on(event, () => this.#reading(false));
  }

  /**
   * Takes a line; the next one may follow at `onDrained`. The program's listeners are called in a turn of their own, as
   * for a pipe: what they throw must not interrupt the caller.
   */
  offer(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    process.nextTick(() => {
      let hasRoom = true;
      try {
        // Ended meanwhile.
        if (!this.readableEnded && !this.destroyed) hasRoom = this.push(bytes);
      } finally {
        if (hasRoom) this.#owner.onDrained();
        else this.#isFull = true;
      }
    });
  }

  /** Nothing more will come. */
  finish(): void {
    process.nextTick(() => void this.push(null));
  }

  // As a `net.Socket` has them.
  ref(): this {
    this.#keepsAlive = true;
    this.#owner.onWaiting(this.#isRead);
    return this;
  }

  unref(): this {
    this.#keepsAlive = false;
    this.#owner.onWaiting(false);
    return this;
  }

  override resume(): this {
    this.#reading(true);
    return super.resume();
  }

  override _read(): void {
    this.#reading(true);
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#owner.onDrained();
  }

  #reading(isRead: boolean): void {
    this.#isRead = isRead && !this.readableEnded && !this.destroyed;
    this.#owner.onWaiting(this.#isRead && this.#keepsAlive);
  }
}

/** stdout or stderr. What is written is passed on before `write` returns, unless it is held. */
export class ProgramOutput extends Writable {
  readonly fd: 1 | 2;
  readonly #take: (chunk: string | Uint8Array) => void;
  #isHeld = false;
  #waiting: { readonly chunk: string | Uint8Array; readonly written: Written } | undefined;

  constructor(fd: 1 | 2, take: (chunk: string | Uint8Array) => void) {
    super({ highWaterMark: OUTPUT_BUFFER_BYTES, decodeStrings: false });
    this.fd = fd;
    this.#take = take;
  }

  /** What is written waits until `release`, as in a pipe that is full. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#take(waiting.chunk);
    // What was buffered after it follows in this call, until it is held again.
    waiting.written();
  }

  /** Passes on all that was written, whether or not it is held. */
  flush(): void {
    while (this.writableCorked > 0) this.uncork();
    while (this.#waiting !== undefined) this.release();
  }

  /** Passes bytes on after all that was written, as `fs.writeSync` does. */
  writeNow(bytes: Uint8Array): void {
    this.flush();
    this.#take(bytes);
  }

  // As a `net.Socket` has them.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, written: Written): void {
    // A string in another encoding is bytes, such as those of base64.
    const text = typeof chunk === 'string' && !isUtf8(encoding) ? Buffer.from(chunk, encoding) : chunk;
    if (this.#isHeld) {
      this.#waiting = { chunk: text, written };
      return;
    }
    this.#take(text);
    written();
  }

  /** As Node's own: nothing closes it but the end of the program. */
  override _destroy(_error: Error | null, callback: Written): void {
    callback();
  }
}

/**
 * Node calls a method of `process.stdout` and `process.stderr` when the main thread has read what a worker wrote, also for
 * the first time after the start. It is meant for Node's own stream, but is called on what stands in its place.
 */
export function passOnNodesCalls(own: object, node: object): void {
  const prototype: object = Object.getPrototypeOf(node);
  for (const name of Object.getOwnPropertySymbols(prototype)) {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    if (typeof method !== 'function' || name in own) continue;
    Object.defineProperty(own, name, { value: method.bind(node), configurable: true, writable: true });
  }
}

function isUtf8(encoding: string): boolean {
  return encoding === 'utf8' || encoding === 'utf-8';
}
