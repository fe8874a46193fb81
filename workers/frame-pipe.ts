/**
 * Frames over a pipe, between the keeper and a process that runs a session worker. A thread's port carries values; a
 * pipe carries bytes. Each frame has a head: the length of its content, what the content is, and a counter, for which
 * threads have shared memory: the process counts the messages that it has taken, the keeper tells how much
 * `session.state` there is in KiB.
 *
 * A module can write to the pipe too, as it can post on the port of its thread. Whoever reads believes nothing.
 */
import { deserialize, serialize } from 'node:v8';

/** `counter`: no content. `text`, `value`: what a session thread posts on its port. `child`: on its port to the keeper. */
const KINDS = ['counter', 'text', 'value', 'child'] as const;
type FrameKind = (typeof KINDS)[number];

export type PipeFrame =
  | { readonly kind: 'counter' }
  | { readonly kind: 'text'; readonly content: string }
  /** Bytes in it are views of the memory that was read. */
  | { readonly kind: 'value' | 'child'; readonly content: unknown };

const KIND_AT = 4;
const COUNTER_AT = 5;
const HEAD_BYTES = 9;
/** A message has at most 32 Mi characters, each of which takes up to 3 bytes of UTF-8; and a little for the rest. */
const MAX_CONTENT_BYTES = 97 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** @throws {Error} if a value cannot be cloned */
export function packFrame(frame: PipeFrame, counter: number): Buffer {
  if (frame.kind === 'text') {
    const length = Buffer.byteLength(frame.content);
    const packed = headed(frame.kind, length, counter);
    packed.write(frame.content, HEAD_BYTES);
    return packed;
  }
  const content = frame.kind === 'counter' ? NOTHING : serialize(frame.content);
  const packed = headed(frame.kind, content.length, counter);
  content.copy(packed, HEAD_BYTES);
  return packed;
}

function headed(kind: FrameKind, length: number, counter: number): Buffer {
  const packed = Buffer.allocUnsafe(HEAD_BYTES + length);
  packed.writeUInt32LE(length, 0);
  packed.writeUInt8(KINDS.indexOf(kind), KIND_AT);
  packed.writeInt32LE(counter | 0, COUNTER_AT);
  return packed;
}

export interface FrameReaderOwner {
  /** @param counter wraps around, as a number of 32 bits */
  onFrame(frame: PipeFrame, counter: number): void;
  /** Whether it takes no more frames until `advance` is called. */
  readonly waits?: boolean;
}

export class FrameReader {
  readonly #owner: FrameReaderOwner;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the head or the frame has that is being read. */
  #wanted = HEAD_BYTES;

  constructor(owner: FrameReaderOwner) {
    this.#owner = owner;
  }

  /** How many bytes complete what is being read. */
  get missing(): number {
    return this.#wanted - this.#bytes;
  }

  /** @throws {Error} for bytes that are no frame; nothing can be read after them */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.advance();
  }

  /**
   * Hands over what has come, until the owner waits.
   * @throws {Error} as `push`
   */
  advance(): void {
    while (this.#bytes >= this.#wanted && this.#owner.waits !== true) {
      const joined = this.#joined();
      if (this.#wanted === HEAD_BYTES) this.#wanted += contentLength(joined);
      if (joined.length < this.#wanted) return;
      const frame = joined.subarray(0, this.#wanted);
      const rest = joined.subarray(this.#wanted);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#wanted = HEAD_BYTES;
      this.#owner.onFrame(unpacked(frame), frame.readInt32LE(COUNTER_AT));
    }
  }

  /** Joins only when a head or a frame is complete: a long one is copied once. */
  #joined(): Buffer {
    const [first = NOTHING] = this.#chunks;
    const joined = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function contentLength(frame: Buffer): number {
  const length = frame.readUInt32LE(0);
  if (length > MAX_CONTENT_BYTES) throw new Error(`a frame of ${length} bytes is too long`);
  return length;
}

function unpacked(frame: Buffer): PipeFrame {
  const kind = KINDS[frame.readUInt8(KIND_AT)];
  switch (kind) {
    case 'counter':
      return { kind };
    case 'text':
      return { kind, content: frame.toString('utf8', HEAD_BYTES) };
    case 'value':
    case 'child':
      return { kind, content: deserialize(frame.subarray(HEAD_BYTES)) };
    default:
      throw new Error('there is no such kind of frame');
  }
}
