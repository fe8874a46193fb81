/**
 * The link of a process: two pipes to the keeper. Writing blocks until the keeper has read. So what was written before
 * the process died is never lost, and the keeper can hold back a module that changes `session.state` in a loop.
 */
import { EventEmitter } from 'node:events';
import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ChildReportFrame } from '../../src/shared/keeper-frames.js';
import type { ModuleThreadData, SessionProcessStart } from '../../src/shared/thread-start.js';
import { FrameReader, type PipeFrame, packFrame } from '../frame-pipe.js';
import type { KeeperPort, SessionLink } from './session-link.js';

/** The process's ends of the pipes, as the keeper makes them. */
const INPUT_FD = 3;
const OUTPUT_FD = 4;

// A module may replace them later.
const [read, write, later, { exit }] = [readSync, writeSync, setImmediate, process];

export class ProcessLink implements SessionLink {
  readonly childMarker: string;
  /** The keeper counts, and reads no further. */
  readonly handledBytes = undefined;
  readonly port = {
    postMessage: (content: unknown): void =>
      this.#write(typeof content === 'string' ? { kind: 'text', content } : { kind: 'value', content }),
    on: (_event: 'message', listener: (posted: unknown) => void): void => {
      this.#receiver = listener;
      this.#listen();
    },
  };
  readonly keeperPort: KeeperPort;
  readonly #reader = new FrameReader({ onFrame: (frame, stateUsedKib) => this.#take(frame, stateUsedKib) });
  readonly #arrived: PipeFrame[] = [];
  readonly #reports = new EventEmitter<{ message: [ChildReportFrame]; close: [] }>();
  #receiver: (posted: unknown) => void = () => {};
  #data: ModuleThreadData | undefined;
  #started = false;
  #stateUsedKib = 0;
  #taken = 0;
  #broken = false;

  constructor() {
    const reports = this.#reports;
    this.keeperPort = Object.assign(reports, {
      postMessage: (content: unknown): void => this.#write({ kind: 'child', content }),
      // The pipe keeps the process alive.
      ref: () => {},
      unref: () => {},
    }) as unknown as KeeperPort;
    const { childMarker, data } = this.#readStart();
    this.childMarker = childMarker;
    this.#data = data;
  }

  /** What the worker starts with. It is megabytes, so it is not kept: it can be taken once. */
  takeData(): ModuleThreadData {
    const data = this.#data;
    if (data === undefined) throw new Error('a session worker starts once');
    this.#data = undefined;
    return data;
  }

  get stateUsedKib(): number {
    return this.#stateUsedKib;
  }

  taken(): void {
    this.#taken = (this.#taken + 1) | 0;
    this.#write({ kind: 'counter' });
  }

  /** The first frame, without waiting for a turn of the event loop, which has nothing else to do. */
  #readStart(): SessionProcessStart {
    for (;;) {
      const chunk = Buffer.allocUnsafe(this.#reader.missing);
      const bytes = read(INPUT_FD, chunk);
      if (bytes === 0) exit(0);
      this.#reader.push(chunk.subarray(0, bytes));
      const frame = this.#arrived.shift();
      if (frame?.kind !== 'value') continue;
      this.#started = true;
      return frame.content as SessionProcessStart;
    }
  }

  #listen(): void {
    const input = new Socket({ fd: INPUT_FD, readable: true, writable: false });
    input.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    // The session ends, or the whole gateway has.
    input.on('close', () => exit(0));
    input.on('error', () => exit(0));
  }

  #take(frame: PipeFrame, stateUsedKib: number): void {
    this.#stateUsedKib = stateUsedKib;
    this.#arrived.push(frame);
    if (this.#arrived.length === 1 && this.#started) this.#deliver();
  }

  /**
   * One frame in each turn, as a port does: what a message starts has started before the next one, and one whose handler
   * never returns is the last that was taken.
   */
  #deliver(): void {
    const [frame] = this.#arrived;
    if (frame === undefined) return;
    later(() => {
      this.#arrived.shift();
      this.#deliver();
    });
    if (frame.kind === 'child') this.#reports.emit('message', frame.content as ChildReportFrame);
    else if (frame.kind !== 'counter') this.#receiver(frame.content);
  }

  #write(frame: PipeFrame): void {
    // What exits because of it reports its exit here, too.
    if (this.#broken) return;
    const packed = packFrame(frame, this.#taken);
    try {
      for (let written = 0; written < packed.length; ) written += write(OUTPUT_FD, packed, written);
    } catch {
      // The keeper is gone, or the module has closed the pipe: nobody hears this process any more.
      this.#broken = true;
      exit(1);
    }
  }
}
