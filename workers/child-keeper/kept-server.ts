/**
 * A server that speaks stdio, in the keeper: one process for one session. This reads its lines and answers its client.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { toPlainError } from '../../src/shared/errors.js';
import { decodeToWorker } from '../../src/shared/frames/codec.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { isUnpaced } from '../../src/shared/frames/unpaced.js';
import type { ServeFrame } from '../../src/shared/keeper-frames.js';
import { LineReader } from '../../src/shared/line-reader.js';
import type { LargeLine, LargeLineRequest } from '../stdio/large-line.js';
import type { Program } from '../stdio/program.js';
import { ServerLog } from '../stdio/server-log.js';
import { StdioSession, type StdioSessionOwner } from '../stdio/stdio-session.js';
import { ToolView } from '../tool-rules.js';
import { BacklogGate } from './backlog-gate.js';
import { makeNicer } from './kept-child.js';
import type { NoiseThrottle } from './noise-throttle.js';
import {
  EXIT_FOLLOWS_MS,
  missingFolder,
  processToStart,
  type ServedProcess,
  type ServedProcessOwner,
  type ServedProcessTraits,
} from './served-process.js';
import { type OutputOwner, readNoise, ServerOutput } from './server-output.js';

const NO_UTF8 = 'a line on stdout is no UTF-8: what is none was replaced by U+FFFD';
/** Lines of stderr are meant for people. */
const MAX_STDERR_LINE_BYTES = 64 * 1024;

export interface KeptServerTraits extends ServedProcessTraits {
  readonly readLarge: (request: LargeLineRequest) => Promise<LargeLine>;
}

export class KeptServer implements ServedProcess, Program, StdioSessionOwner, OutputOwner {
  pid: number | undefined;
  readonly heapBytes = 0;
  readonly memoryLimitBytes: number;
  readonly #frame: ServeFrame;
  readonly #owner: ServedProcessOwner;
  readonly #traits: KeptServerTraits;
  #process: ChildProcessWithoutNullStreams | undefined;
  readonly #session: StdioSession;
  readonly #log: ServerLog;
  readonly #gate: BacklogGate;
  #running = false;
  #ended: () => void = () => {};
  readonly #hasEnded = new Promise<void>((resolve) => {
    this.#ended = resolve;
  });
  /** Whether it was told to end, so that its end does not count as a death. */
  #ending = false;
  #closed = false;
  #output: ServerOutput | undefined;
  #stderr: NoiseThrottle | undefined;

  constructor(frame: ServeFrame, traits: KeptServerTraits, owner: ServedProcessOwner) {
    this.#frame = frame;
    this.#owner = owner;
    this.#traits = traits;
    this.memoryLimitBytes = frame.memoryLimitBytes;
    const tools = frame.tools === undefined ? undefined : new ToolView(frame.tools);
    const { startTimeoutMs, learns } = frame;
    this.#session = new StdioSession(this, { startTimeoutMs, tools, learns }, this);
    this.#log = new ServerLog((report) => owner.post(report));
    this.#gate = new BacklogGate(frame.counters.handledBytes, {
      pause: () => this.#output?.behind(),
      resume: () => this.#output?.caughtUp(),
    });
    if (frame.waits) this.#ready();
    else this.#start(frame.env);
  }

  get running(): boolean {
    return this.#running;
  }

  receive(posted: unknown): void {
    const frame = decodeToWorker(posted);
    if (frame.type !== 'environment') return this.#session.receive(frame);
    if (!this.#frame.waits || this.#process !== undefined) throw new TypeError('its program runs already');
    this.#start({ ...this.#frame.env, ...frame.variables });
    this.#owner.started(this);
  }

  write(line: string): boolean {
    return this.#process?.stdin.write(`${line}\n`) ?? true;
  }

  /** Until its client has taken more. */
  pause(): void {
    this.#output?.pause();
  }

  resume(): void {
    this.#output?.resume();
  }

  end(): Promise<void> {
    this.#ending = true;
    this.closeStdin();
    return this.#hasEnded;
  }

  /** Every stdio server takes this as the end of its session. */
  closeStdin(): void {
    this.#process?.stdin.end();
    // If it waits until its output is read, it could not end.
    this.resume();
  }

  post(frame: FromWorkerFrame): void {
    this.#owner.post(frame);
    if (isUnpaced(frame)) this.#gate.passed(frame);
  }

  onTaken(): void {
    Atomics.add(this.#frame.counters.takenMessages, 0, 1);
  }

  onStrangeLine(line: string, why: string): void {
    this.#log.strange(line, why);
    this.#output?.noise(line.length);
  }

  onBlankLine(line: string): void {
    this.#output?.noise(line.length);
  }

  onLine(line: string, valid: boolean): void {
    if (!valid) this.#log.note('warn', NO_UTF8);
    this.#guarded(() => this.#session.line(line));
  }

  onOverlong(head: string, tail: string, bytes: number): void {
    this.#guarded(() => this.#session.overlong(head, tail, bytes));
    this.#output?.noise(bytes);
  }

  readLarge(bytes: Uint8Array<ArrayBuffer>): Promise<LargeLine> {
    return this.#traits.readLarge({ bytes, tools: this.#frame.tools, ...this.#session.largeLineContext });
  }

  onLarge(line: LargeLine): void {
    if (!line.valid) this.#log.note('warn', NO_UTF8);
    this.#guarded(() => this.#session.large(line));
  }

  onUnreadable(error: unknown): void {
    this.#guarded(() => {
      throw error;
    });
  }

  destroyStreams(): void {
    this.#process?.stdin.destroy();
    this.#process?.stdout.destroy();
    this.#process?.stderr.destroy();
  }

  #start(env: Readonly<Record<string, string>>): void {
    const { niceness } = this.#traits;
    try {
      const { file, args, options } = processToStart({ ...this.#frame, env }, this.#traits);
      this.#process = spawn(file, args, { ...options, stdio: 'pipe' });
    } catch (thrown) {
      queueMicrotask(() => this.#failed(thrown));
      return;
    }
    this.pid = this.#process.pid;
    if (this.pid !== undefined && niceness !== undefined) makeNicer(this.pid, niceness);
    this.#watch(this.#process);
  }

  #ready(): void {
    this.#owner.post({
      type: 'ready',
      systemThreadId: undefined,
      niceness: undefined,
      traits: { staticLists: false, sleeps: this.#frame.sleeps, affinity: undefined, reuse: undefined },
      rejectedCaches: [],
    });
  }

  #watch(child: ChildProcessWithoutNullStreams): void {
    child.once('spawn', () => {
      this.#running = true;
      if (!this.#frame.waits) this.#ready();
    });
    child.on('error', (error) => {
      // Also emitted for a signal that could not be sent.
      if (child.pid === undefined) this.#failed(error);
    });
    child.stdout.once('end', () => {
      this.#session.outputEnded();
      setTimeout(() => this.#useless('stdout'), EXIT_FOLLOWS_MS).unref();
    });
    const output = new ServerOutput(child.stdout, this);
    this.#output = output;
    child.once('exit', (code, signal) => {
      this.#running = false;
      this.#owner.exited(this);
      output.exited();
      void output.handled.then(() => this.#gone(code, signal));
    });
    child.stdin.on('drain', () => this.#session.drained());
    child.stdin.on('error', () => {
      // Usually its exit follows, which says more. If it stays alive, nothing can be asked of it any more.
      setTimeout(() => this.#useless('stdin'), EXIT_FOLLOWS_MS).unref();
    });
    this.#stderr = readNoise(child.stderr, new LineReader(MAX_STDERR_LINE_BYTES, this.#log));
  }

  /** Whatever a program writes, it must end no more than itself: all sessions' processes are kept in this thread. */
  #guarded(step: () => void): void {
    if (this.#closed) return;
    try {
      step();
    } catch (error) {
      const { message } = toPlainError(error);
      this.#owner.post({
        type: 'exited',
        cause: 'crash',
        message: `what it wrote could not be handled: ${message}`,
      });
      this.#ended();
      this.#close();
    }
  }

  #failed(thrown: unknown): void {
    if (this.#closed) return;
    const error = toPlainError(thrown);
    const message = missingFolder(this.#frame.cwd) ?? this.#startFailure(error.code) ?? error.message;
    this.#owner.post({ type: 'failed', stage: 'program', error: { ...error, message } });
    this.#close();
  }

  /** Says in words what is missing. */
  #startFailure(code: string | undefined): string | undefined {
    const { command } = this.#frame;
    if (code === 'ENOENT')
      return `the command ${JSON.stringify(command)} was not found; is it installed, and in PATH?`;
    if (code === 'EACCES')
      return `the command ${JSON.stringify(command)} cannot be executed; is it a program?`;
    return undefined;
  }

  #gone(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#closed) return;
    this.#log.close();
    if (!this.#ending) {
      const how = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      const { lastLine } = this.#log;
      this.#owner.post({
        type: 'exited',
        cause: signal === null ? 'exit' : 'crash',
        message: lastLine === undefined ? how : `${how}; the last that it wrote to stderr: ${lastLine}`,
      });
    }
    this.#ended();
    // After `end` has reported the rest.
    queueMicrotask(() => this.#close());
  }

  /** It is alive, and cannot be asked, or cannot answer, anything more. */
  #useless(closed: 'stdin' | 'stdout'): void {
    if (!this.#running || this.#closed || this.#ending) return;
    this.#owner.post({
      type: 'exited',
      cause: 'exit',
      message: `it closed its ${closed} and went on running`,
    });
    this.#ended();
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.close();
    this.#gate.close();
    this.#output?.close();
    this.#stderr?.stop();
    this.#log.close();
    this.#owner.closed(this);
  }
}
