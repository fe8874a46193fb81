/**
 * A server module in a process, in the keeper: one process for one session. The session worker in it answers the main
 * thread itself; this only passes frames on, from the port to a pipe and back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { messageOf, toPlainError } from '../../src/shared/errors.js';
import { decodeFromWorker } from '../../src/shared/frames/codec.js';
import type { ExitedFrame, StateFrame } from '../../src/shared/frames/from-worker.js';
import { isUnpaced } from '../../src/shared/frames/unpaced.js';
import type { ChildReportFrame, ServeModuleFrame } from '../../src/shared/keeper-frames.js';
import { type LineOwner, LineReader } from '../../src/shared/line-reader.js';
import { HAS_PROCESS_TABLE } from '../../src/shared/process-table.js';
import type { SessionProcessStart } from '../../src/shared/thread-start.js';
import { FrameReader, type FrameReaderOwner, type PipeFrame, packFrame } from '../frame-pipe.js';
import { ServerLog } from '../stdio/server-log.js';
import { BacklogGate } from './backlog-gate.js';
import { makeNicer } from './kept-child.js';
import type { ThreadPort } from './kept-thread.js';
import { LateOutput } from './late-output.js';
import type { NoiseThrottle } from './noise-throttle.js';
import {
  EXIT_FOLLOWS_MS,
  missingFolder,
  processToStart,
  type ServedProcess,
  type ServedProcessOwner,
  type ServedProcessTraits,
} from './served-process.js';
import { readNoise } from './server-output.js';

/** What native code and descendants write to stdout and stderr is meant for people. */
const MAX_LINE_BYTES = 64 * 1024;

const TOO_FAST = 'session.state or a hold changes faster than the gateway takes it: the process waits for it';
/** What V8 writes before it ends a process whose heap is full. */
const HEAP_IS_FULL = /JavaScript heap out of memory/;

export interface KeptModuleOwner extends ServedProcessOwner {
  /** Passes on what the session worker has posted. */
  relay(posted: unknown): void;
  /** The module starts its first child process: its frames come from this port. */
  openChildren(port: ThreadPort): void;
}

export class KeptModule implements ServedProcess, FrameReaderOwner {
  readonly pid: number | undefined;
  readonly memoryLimitBytes: number;
  heapBytes = 0;
  readonly #frame: ServeModuleFrame;
  readonly #owner: KeptModuleOwner;
  readonly #process: ChildProcess | undefined;
  readonly #log: ServerLog;
  readonly #gate: BacklogGate;
  readonly #reader = new FrameReader(this);
  /** Whether the main thread has to catch up before it gets more. */
  #behind = false;
  #outputOver = false;
  readonly #throttles: NoiseThrottle[] = [];
  readonly #late = new LateOutput(() => this.destroyStreams());
  #children: ChildrenPort | undefined;
  #lastWords: ExitedFrame | undefined;
  #heapIsFull = false;
  #running = false;
  #closed = false;

  constructor(frame: ServeModuleFrame, traits: ServedProcessTraits, owner: KeptModuleOwner) {
    this.#frame = frame;
    this.#owner = owner;
    this.memoryLimitBytes = frame.memoryLimitBytes;
    this.#log = new ServerLog((report) => owner.post(report));
    this.#gate = new BacklogGate(frame.counters.handledBytes, {
      pause: () => {
        this.#behind = true;
        this.#output?.pause();
        this.#late.hold();
      },
      resume: () => {
        this.#catchUp();
        if (this.#behind) return;
        this.#output?.resume();
        this.#late.release();
      },
      onFirstPause: () => this.#log.note('warn', TOO_FAST),
    });
    try {
      const { cwd, env, execArgv, entry } = frame;
      const command = { command: process.execPath, args: [...execArgv, entry], cwd, env };
      const { file, args, options } = processToStart(command, traits);
      this.#process = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] });
    } catch (thrown) {
      queueMicrotask(() => this.#failed(thrown));
      return;
    }
    this.pid = this.#process.pid;
    if (this.pid !== undefined && traits.niceness !== undefined) makeNicer(this.pid, traits.niceness);
    this.#watch(this.#process);
    const start: SessionProcessStart = { childMarker: traits.marker, data: frame.data };
    this.#send({ kind: 'value', content: start });
  }

  get running(): boolean {
    return this.#running;
  }

  receive(posted: unknown): void {
    this.#send(
      typeof posted === 'string' ? { kind: 'text', content: posted } : { kind: 'value', content: posted },
    );
  }

  closeStdin(): void {
    this.#input?.end();
  }

  destroyStreams(): void {
    for (const stream of this.#process?.stdio ?? []) stream?.destroy();
  }

  get #input(): Writable | undefined {
    return this.#process?.stdio[3] as Writable | undefined;
  }

  get #output(): Readable | undefined {
    return this.#process?.stdio[4] as Readable | undefined;
  }

  #send(frame: PipeFrame): void {
    if (this.#input?.writable !== true) return;
    this.#input.write(packFrame(frame, Atomics.load(this.#frame.counters.stateUsedKib, 0)));
  }

  #watch(child: ChildProcess): void {
    const { stdout, stderr } = child;
    const [input, output] = [this.#input, this.#output];
    if (stdout === null || stderr === null || input === undefined || output === undefined) return;
    child.once('spawn', () => {
      this.#running = true;
    });
    child.on('error', (error) => {
      // Also emitted for a signal that could not be sent.
      if (child.pid === undefined) this.#failed(error);
    });
    // Its exit follows, which says more.
    input.on('error', () => {});
    output.on('error', () => output.destroy());
    output.on('data', (chunk: Buffer) => this.#guarded(() => this.#reader.push(chunk)));
    output.once('close', () => {
      // What has come counts.
      this.#outputOver = true;
      this.#catchUp();
    });
    output.once('close', () => setTimeout(() => this.#deaf(), EXIT_FOLLOWS_MS).unref());
    this.#readLines(stdout, {
      onLine: (line) => this.#log.printed('stdout', line),
      ...overlong('stdout', this.#log),
    });
    this.#readLines(stderr, {
      onLine: (line) => {
        if (HEAP_IS_FULL.test(line)) this.#heapIsFull = true;
        this.#log.onLine(line);
      },
      ...overlong('stderr', this.#log),
    });
    const read = Promise.all(
      [output, stderr].map((stream) => new Promise((done) => stream.once('close', done))),
    );
    child.once('exit', (code, signal) => {
      this.#running = false;
      this.#owner.exited(this);
      this.#late.exited();
      void read.then(() => {
        this.#late.close();
        this.#gone(code, signal);
      });
    });
  }

  #readLines(source: Readable, owner: LineOwner): void {
    this.#throttles.push(readNoise(source, new LineReader(MAX_LINE_BYTES, owner)));
  }

  #catchUp(): void {
    this.#behind = false;
    this.#guarded(() => this.#reader.advance());
  }

  /** Whatever a module writes to the pipe, it must end no more than its own process. */
  #guarded(step: () => void): void {
    if (this.#closed) return;
    try {
      step();
    } catch (error) {
      const message = `it sent something that the gateway cannot handle: ${messageOf(error)}`;
      this.#owner.post({ type: 'exited', cause: 'crash', message });
      this.#close();
    }
  }

  get waits(): boolean {
    return this.#behind && !this.#outputOver;
  }

  onFrame(frame: PipeFrame, taken: number): void {
    Atomics.store(this.#frame.counters.takenMessages, 0, taken);
    switch (frame.kind) {
      case 'counter':
        return;
      case 'text':
        return this.#owner.relay(frame.content);
      case 'value':
        return this.#takeValue(frame.content);
      case 'child':
        this.#children ??= this.#openChildren();
        this.#children.emit('message', frame.content);
        return;
      default:
        return frame satisfies never;
    }
  }

  #takeValue(posted: unknown): void {
    const frame = decodeFromWorker(posted);
    if (frame.type === 'exited') {
      // Not yet: it still has to exit.
      // After a crash, the process exits: the first says why.
      this.#lastWords ??= frame;
      return;
    }
    if (frame.type === 'memory') {
      this.heapBytes = frame.heapBytes;
      // What the process holds as a whole is looked up, where that is possible.
      if (HAS_PROCESS_TABLE) return;
    }
    this.#owner.relay(frame.type === 'state' ? withOwnValue(frame) : posted);
    if (isUnpaced(frame)) this.#gate.passed(frame);
  }

  #openChildren(): ChildrenPort {
    const port = new ChildrenPort((content) => this.#send({ kind: 'child', content }));
    this.#owner.openChildren(port);
    return port;
  }

  #failed(thrown: unknown): void {
    if (this.#closed) return;
    const error = toPlainError(thrown);
    const message = missingFolder(this.#frame.cwd) ?? error.message;
    this.#owner.post({ type: 'failed', stage: 'program', error: { ...error, message } });
    this.#close();
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#closed) return;
    this.#log.close();
    if (this.#lastWords !== undefined) this.#owner.post(this.#lastWords);
    else if (signal === 'SIGABRT' && this.#heapIsFull) {
      const { heapBytes } = this.#frame.data.memoryLimits;
      this.#owner.post({ type: 'over-memory', limit: 'thread-heap-mb', usedBytes: heapBytes });
    } else if (signal === null) {
      this.#owner.post({ type: 'exited', cause: 'exit', message: `process.exit(${code}) was called in it` });
    } else {
      const { lastLine } = this.#log;
      const last = lastLine === undefined ? '' : `; the last that it wrote to stderr: ${lastLine}`;
      this.#owner.post({ type: 'exited', cause: 'crash', message: `it was ended by ${signal}${last}` });
    }
    this.#close();
  }

  /** It has closed its pipe and lives on: nothing can be heard from it any more. */
  #deaf(): void {
    if (!this.#running || this.#closed) return;
    const message = 'it closed its pipe to the gateway and went on running';
    this.#owner.post({ type: 'exited', cause: 'exit', message });
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gate.close();
    this.#late.close();
    for (const throttle of this.#throttles) throttle.stop();
    this.#log.close();
    this.#owner.closed(this);
  }
}

function overlong(source: 'stdout' | 'stderr', log: ServerLog): Pick<LineOwner, 'onOverlong'> {
  return { onOverlong: (head, _tail, bytes) => log.printed(source, `${head}… (${bytes} bytes)`) };
}

/** The main thread keeps the value, which is a view of all that was read with it. */
function withOwnValue(frame: StateFrame): StateFrame {
  return { ...frame, value: frame.value && new Uint8Array(frame.value) };
}

/** For the child processes of the module: what a session thread's port to the keeper is. */
class ChildrenPort extends EventEmitter implements ThreadPort {
  readonly #send: (frame: ChildReportFrame) => void;

  constructor(send: (frame: ChildReportFrame) => void) {
    super();
    this.#send = send;
  }

  postMessage(frame: ChildReportFrame): void {
    this.#send(frame);
  }

  close(): void {
    this.emit('close');
  }
}
