/** The stdout of a stdio server's process: its lines in their order, and what it is not read for at the moment. */
import type { Readable } from 'node:stream';
import { MAX_LINE_BYTES } from '../../src/shared/line-buffer.js';
import { type LineOwner, LineReader } from '../../src/shared/line-reader.js';
import { LARGE_LINE_BYTES, type LargeLine } from '../stdio/large-line.js';
import { LateOutput } from './late-output.js';
import { NoiseThrottle } from './noise-throttle.js';

/**
 * Why it is not read: its client has not taken enough, the main thread has not, it writes too much that is no message, or a large
 * line is being read.
 */
type Hold = 'client' | 'main thread' | 'noise' | 'large line';
/** These hold up what was read already as well: otherwise a chunk of short lines would be too much at once. */
const AT_ONCE: readonly Hold[] = ['main thread', 'noise', 'large line'];

export interface OutputOwner extends Pick<LineOwner, 'onLine' | 'onOverlong'> {
  /** Reads a large line without blocking this thread. */
  readLarge(line: Uint8Array<ArrayBuffer>): Promise<LargeLine>;
  onLarge(line: LargeLine): void;
  /** A large line could not be read. */
  onUnreadable(error: unknown): void;
}

export class ServerOutput implements LineOwner {
  /** Resolves when it has ended and every line of it was handled. */
  readonly handled: Promise<void>;
  readonly #stream: Readable;
  readonly #owner: OutputOwner;
  readonly #holds = new Set<Hold>();
  readonly #throttle = new NoiseThrottle(
    () => this.#hold('noise'),
    () => this.#release('noise'),
  );
  /** What was read and must wait: at most what one chunk contained. */
  #later: (() => void)[] = [];
  readonly #late: LateOutput;

  constructor(stream: Readable, owner: OutputOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.#late = new LateOutput(() => stream.destroy());
    readLines(stream, new LineReader(MAX_LINE_BYTES, this, LARGE_LINE_BYTES));
    // `stream.closed` says so before its last data has been seen.
    this.handled = new Promise((resolve) =>
      stream.once('close', () => {
        this.#late.close();
        this.inOrder(resolve);
      }),
    );
  }

  /** Until its client has taken more. */
  pause(): void {
    this.#hold('client');
  }

  resume(): void {
    this.#release('client');
  }

  /** Until the main thread has handled more. */
  behind(): void {
    this.#hold('main thread');
  }

  caughtUp(): void {
    this.#release('main thread');
  }

  /** A line of so many bytes was no message. */
  noise(bytes: number): void {
    this.#throttle.noise(bytes, 1);
  }

  /** Runs the step when everything that was read before has been handled. */
  inOrder(step: () => void): void {
    if (this.#waits || this.#later.length > 0) this.#later.push(step);
    else step();
  }

  get #waits(): boolean {
    return AT_ONCE.some((hold) => this.#holds.has(hold));
  }

  /** Its process has exited, so it should end soon. */
  exited(): void {
    this.#late.exited();
  }

  close(): void {
    this.#throttle.stop();
    this.#late.close();
  }

  onLine(line: string, valid: boolean): void {
    this.inOrder(() => this.#owner.onLine(line, valid));
  }

  onBlank(lines: number): void {
    this.#throttle.noise(0, lines);
  }

  onOverlong(head: string, tail: string, bytes: number): void {
    this.inOrder(() => this.#owner.onOverlong(head, tail, bytes));
  }

  onLarge(line: Uint8Array<ArrayBuffer>): void {
    this.inOrder(() => void this.#readLarge(line));
  }

  async #readLarge(line: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#hold('large line');
    try {
      this.#owner.onLarge(await this.#owner.readLarge(line));
    } catch (error) {
      this.#owner.onUnreadable(error);
    }
    this.#release('large line');
  }

  #hold(hold: Hold): void {
    this.#holds.add(hold);
    this.#stream.pause();
    this.#late.hold();
  }

  #release(hold: Hold): void {
    this.#holds.delete(hold);
    this.#advance();
    if (this.#holds.size > 0) return;
    this.#stream.resume();
    if (!this.#stream.closed) this.#late.release();
  }

  #advance(): void {
    const later = this.#later;
    let done = 0;
    // Each of them may be what the next one has to wait for.
    while (done < later.length && !this.#waits) {
      later[done]?.();
      done += 1;
    }
    this.#later = later.slice(done);
  }
}

function readLines(stream: Readable, reader: LineReader): void {
  stream.on('data', (chunk: Buffer) => reader.push(chunk));
  // Also where the pipe broke: what has come counts.
  stream.once('close', () => reader.end());
  // A failed read ends the output early.
  stream.on('error', () => stream.destroy());
}

const LINE_FEED = 0x0a;

/** Reads what is meant for people alone, at the speed that all sessions can afford. */
export function readNoise(stream: Readable, reader: LineReader): NoiseThrottle {
  const throttle = new NoiseThrottle(
    () => void stream.pause(),
    () => void stream.resume(),
  );
  readLines(stream, reader);
  stream.on('data', (chunk: Buffer) => {
    let lines = 0;
    for (const byte of chunk) if (byte === LINE_FEED) lines += 1;
    throttle.noise(chunk.length, lines);
  });
  return throttle;
}
