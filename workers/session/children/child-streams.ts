/** The three pipes of a child process as streams in the session thread. Each has a limited window to the keeper. */
import { Readable, Writable } from 'node:stream';
import type { TransferListItem } from 'node:worker_threads';
import {
  type ChildRequestFrame,
  type OutputStream,
  STDIN_WINDOW_BYTES,
} from '../../../src/shared/keeper-frames.js';

/** Posts a frame to the keeper. */
export type SendToKeeper = (frame: ChildRequestFrame, transfer?: readonly TransferListItem[]) => void;

const STREAM_BUFFER_BYTES = 64 * 1024;

/** stdout or stderr. When data has been read, the keeper gets credit to send more. */
export class ChildOutput extends Readable {
  readonly #child: number;
  readonly #stream: OutputStream;
  readonly #send: SendToKeeper;
  #uncreditedBytes = 0;
  #finished = false;

  constructor(child: number, stream: OutputStream, send: SendToKeeper) {
    super({ highWaterMark: STREAM_BUFFER_BYTES });
    this.#child = child;
    this.#stream = stream;
    this.#send = send;
  }

  receive(bytes: Uint8Array): void {
    this.#uncreditedBytes += bytes.byteLength;
    this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** No more data will come. If the keeper stopped reading early, the stream closes without `end`. */
  finish(complete: boolean): void {
    this.#finished = true;
    if (complete) this.push(null);
    else this.destroy();
  }

  /** Lets the stream end even if nobody reads it. */
  drainUnread(): void {
    if (this.readableFlowing === null && this.listenerCount('readable') === 0) this.resume();
  }

  override _read(): void {
    const bytes = this.#uncreditedBytes;
    if (bytes === 0) return;
    this.#uncreditedBytes = 0;
    this.#send({ type: 'credit', child: this.#child, stream: this.#stream, bytes });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#finished) this.#send({ type: 'output-destroy', child: this.#child, stream: this.#stream });
    callback(error);
  }
}

interface HeldChunk {
  rest: Uint8Array;
  readonly written: (error?: Error | null) => void;
}

/** stdin. A chunk counts as written when all of it has been sent, which waits until the child reads. */
export class ChildInput extends Writable {
  readonly #child: number;
  readonly #send: SendToKeeper;
  #windowBytes = STDIN_WINDOW_BYTES;
  #held: HeldChunk | undefined;

  constructor(child: number, send: SendToKeeper) {
    super({ highWaterMark: STREAM_BUFFER_BYTES });
    this.#child = child;
    this.#send = send;
  }

  /** This many bytes have been written to the pipe. */
  credit(bytes: number): void {
    this.#windowBytes += bytes;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: HeldChunk['written']): void {
    this.#held = { rest: chunk, written };
    this.#pump();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#send({ type: 'stdin-end', child: this.#child });
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.writableEnded || this.#held !== undefined) {
      this.#send({ type: 'stdin-end', child: this.#child });
    }
    const held = this.#held;
    this.#held = undefined;
    held?.written(error ?? new Error('The child process no longer reads its stdin.'));
    callback(error);
  }

  #pump(): void {
    const held = this.#held;
    if (held === undefined) return;
    while (held.rest.byteLength > 0 && this.#windowBytes > 0) {
      // A copy, because the caller may keep using its memory, and a transfer would detach it.
      const slice = held.rest.subarray(0, Math.min(this.#windowBytes, STREAM_BUFFER_BYTES));
      const bytes = new Uint8Array(slice);
      held.rest = held.rest.subarray(bytes.byteLength);
      this.#windowBytes -= bytes.byteLength;
      this.#send({ type: 'stdin', child: this.#child, bytes }, [bytes.buffer]);
    }
    if (held.rest.byteLength > 0) return;
    this.#held = undefined;
    held.written();
  }
}
