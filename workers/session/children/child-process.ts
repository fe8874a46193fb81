/** The session thread's side of one child process that the keeper starts. */
import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import type { SessionChildProcessEvents } from '../../../src/shared/define-server.js';
import { BulkheadError, type PlainError } from '../../../src/shared/errors.js';
import type { ChildReportFrame } from '../../../src/shared/keeper-frames.js';
import { ChildInput, ChildOutput, type SendToKeeper } from './child-streams.js';
import type { SpawnLimits } from './spawn-options.js';

const NEVER_STARTED =
  'The process was not started: the gateway lost the thread that starts child processes. Open a new session.';

/** A report about one child process. */
export type OneChildFrame = Exclude<ChildReportFrame, { readonly type: 'all-ended' }>;

/**
 * Like `ChildProcess` of `node:child_process`, with one difference: another thread starts the process, so `pid` is
 * `undefined` until `spawn` is emitted. `spawn`, `error`, `exit` and `close` come in the same cases and in the same
 * order. As there, an `error` without a listener is thrown; it says so, and its stack leads to the `spawn` call.
 */
export class KeptChildProcess extends EventEmitter<SessionChildProcessEvents> {
  readonly stdin: ChildInput;
  readonly stdout: ChildOutput;
  readonly stderr: ChildOutput;
  pid: number | undefined;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly #id: number;
  readonly #command: string;
  readonly #send: SendToKeeper;
  /** Where it was spawned. */
  readonly #call: { readonly stack?: unknown } = {};
  /** Runs listeners in the `AsyncLocalStorage` context of the `spawn` call, so that a log line knows its request. */
  readonly #context = new AsyncResource('KeptChildProcess');
  readonly #closed: () => void;
  /** Sent, and not yet delivered by the keeper. */
  readonly #pendingSignals = new Set<NodeJS.Signals | number>();
  #ended = false;
  #openOutputs = 2;
  /** Undoes what `limits` set up. */
  #unlimit: () => void = () => {};

  /** @param closed called before `close` is emitted: the process has ended and its output is closed */
  constructor(id: number, command: string, send: SendToKeeper, limits: SpawnLimits, closed: () => void) {
    super();
    Error.captureStackTrace(this.#call, KeptChildProcess);
    this.#id = id;
    this.#command = command;
    this.#send = send;
    this.#closed = closed;
    this.stdin = new ChildInput(id, send);
    this.stdout = new ChildOutput(id, 'stdout', send);
    this.stderr = new ChildOutput(id, 'stderr', send);
    for (const output of [this.stdout, this.stderr]) {
      output.once('close', () => {
        this.#openOutputs -= 1;
        this.#maybeClose();
      });
    }
    // They may be destructured: `const { stdout, kill, on } = session.spawn(…)`.
    this.kill = this.kill.bind(this);
    this.on = this.on.bind(this);
    this.once = this.once.bind(this);
    this.off = this.off.bind(this);
    this.#limit(limits);
  }

  /**
   * Sends a signal, SIGTERM by default, to the process itself and not to its descendants. A signal that is already on
   * its way is not sent a second time, as with pending signals (signal(7)): a loop could otherwise occupy the keeper
   * and block all other sessions.
   * @returns whether the process had not ended, as far as this thread knows
   * @throws {TypeError} if there is no such signal
   */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const known =
      signal === 0 ||
      signal in constants.signals ||
      Object.values(constants.signals).includes(signal as number);
    if (!known) throw new TypeError(`There is no signal ${signal}.`);
    if (this.#ended) return false;
    if (signal !== 0 && !this.#pendingSignals.has(signal)) {
      this.#pendingSignals.add(signal);
      this.#send({ type: 'signal', child: this.#id, signal });
    }
    return true;
  }

  /**
   * As in `node:child_process`, except that descendants in its group get the signal too, so that none of them keeps
   * running.
   */
  #limit({ signal, timeoutMs, killSignal }: SpawnLimits): void {
    const kill = (): boolean => {
      if (this.#ended) return false;
      this.#send({ type: 'signal', child: this.#id, signal: killSignal, toGroup: true });
      return true;
    };
    const abort = (): void => {
      this.#context.runInAsyncScope(() => {
        if (!kill()) return;
        const error = new Error('The operation was aborted', { cause: signal?.reason });
        this.#emitError(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
      });
    };
    const timer = timeoutMs > 0 ? setTimeout(kill, timeoutMs) : undefined;
    if (signal?.aborted) process.nextTick(abort);
    else signal?.addEventListener('abort', abort, { once: true });
    this.#unlimit = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
  }

  /** Handles what the keeper reports about this process. */
  receive(frame: OneChildFrame): void {
    this.#context.runInAsyncScope(() => this.#receive(frame));
  }

  /**
   * The keeper is gone: the process has been killed or was never started, and nothing more will be reported. It looks
   * as if the system had no room for the process.
   */
  lose(): void {
    this.#context.runInAsyncScope(() => {
      this.stdout.finish(false);
      this.stderr.finish(false);
      if (this.#ended) return;
      if (this.pid === undefined) {
        this.exitCode = -constants.errno.EAGAIN;
        this.#end();
        this.#emitError(new BulkheadError('ERR_BULKHEAD_SPAWN', NEVER_STARTED));
        return;
      }
      this.#exited(null, 'SIGKILL');
    });
  }

  #receive(frame: OneChildFrame): void {
    switch (frame.type) {
      case 'started':
        this.pid = frame.pid;
        this.emit('spawn');
        return;
      case 'failed':
        this.exitCode = frame.exitCode;
        this.#end();
        this.#emitError(toError(frame.error, frame.exitCode));
        return;
      case 'output':
        this[frame.stream].receive(frame.bytes);
        return;
      case 'output-end':
        this[frame.stream].finish(frame.complete);
        return;
      case 'signalled':
        this.#pendingSignals.delete(frame.signal);
        return;
      case 'stdin-credit':
        this.stdin.credit(frame.bytes);
        return;
      case 'stdin-failed':
        this.#failStdin(toError(frame.error));
        return;
      case 'exited':
        this.#exited(frame.code, frame.signal);
        return;
      default:
        throw new TypeError(`Unknown frame from the keeper: ${JSON.stringify(frame satisfies never)}`);
    }
  }

  /** Without a listener it ends the thread, and its message is all that the log and the client are told. */
  #emitError(error: Error): void {
    const unheard = this.listenerCount('error') === 0;
    this.emit('error', unheard ? this.#told(error, 'of the child process') : error);
  }

  #failStdin(error: Error): void {
    const unheard = this.stdin.listenerCount('error') === 0;
    this.stdin.destroy(unheard ? this.#told(error, 'of its stdin') : error);
  }

  /** The error, with the words and the place that lead its reader to the program. */
  #told(error: Error, whose: string): Error {
    error.message += ` (session.spawn of ${JSON.stringify(this.#command)}: nothing listens for "error" ${whose})`;
    const { stack } = this.#call;
    // A hook of the module may have made something else of it.
    const frames = typeof stack === 'string' ? stack.slice(stack.indexOf('\n')) : '';
    error.stack = `${error.name}: ${error.message}${frames}`;
    return error;
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.exitCode = code;
    this.signalCode = signal;
    this.#end();
    this.emit('exit', code, signal);
  }

  #end(): void {
    this.#ended = true;
    this.#unlimit();
    this.stdin.destroy();
    // After the listeners of `exit`, because one of them may begin to read.
    process.nextTick(() => {
      this.stdout.drainUnread();
      this.stderr.drainUnread();
      this.#maybeClose();
    });
  }

  #maybeClose(): void {
    if (!this.#ended || this.#openOutputs > 0) return;
    this.#openOutputs = Number.POSITIVE_INFINITY;
    this.#closed();
    this.emit('close', this.exitCode, this.signalCode);
  }
}

function toError(plain: PlainError, errno?: number): Error {
  return Object.assign(new Error(plain.message), plain, errno !== undefined && { errno });
}
