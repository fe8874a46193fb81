/** One child process in the keeper: starts it, passes on its streams, and reports its end. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { TransferListItem } from 'node:worker_threads';
import { toPlainError } from '../../src/shared/errors.js';
import {
  CHILD_MARKER,
  type ChildReportFrame,
  OUTPUT_WINDOW_BYTES,
  type OutputStream,
  type StartFrame,
} from '../../src/shared/keeper-frames.js';
import { HAS_PROCESS_GROUPS, signalGroup } from '../../src/shared/process-group.js';
import type { KeptProcess } from './kept-process.js';
import { missingFolder } from './served-process.js';

export interface KeptChildOwner {
  /** Sends a frame to the session thread; does nothing if that is gone. */
  report(frame: ChildReportFrame, transfer?: readonly TransferListItem[]): void;
  /** The process has ended and been reaped. */
  exited(child: KeptChild): void;
  /** The process has ended or never started, and all its pipes are closed: nothing of it is left. */
  closed(child: KeptChild): void;
}

/** What a child process gets from its lifetime and from the gateway. */
export interface KeptChildTraits {
  readonly marker: string;
  readonly niceness: number | undefined;
}

const OUTPUT_STREAMS = ['stdout', 'stderr'] as const;

export class KeptChild implements KeptProcess {
  readonly id: number;
  readonly pid: number | undefined;
  readonly #owner: KeptChildOwner;
  readonly #process: ChildProcessWithoutNullStreams | undefined;
  readonly #unread: Record<OutputStream, number> = { stdout: 0, stderr: 0 };
  #running = false;

  constructor(frame: StartFrame, { marker, niceness }: KeptChildTraits, owner: KeptChildOwner) {
    this.id = frame.child;
    this.#owner = owner;
    try {
      this.#process = spawn(frame.command, [...frame.args], {
        ...(frame.cwd !== undefined && { cwd: frame.cwd }),
        ...(frame.argv0 !== undefined && { argv0: frame.argv0 }),
        env: { ...frame.env, [CHILD_MARKER]: marker },
        detached: HAS_PROCESS_GROUPS,
        shell: false,
        stdio: 'pipe',
        windowsHide: true,
      });
    } catch (thrown) {
      this.#failed(thrown, frame.cwd);
      for (const stream of OUTPUT_STREAMS) {
        owner.report({ type: 'output-end', child: this.id, stream, complete: true });
      }
      // The owner knows which child this is only after the constructor has returned.
      queueMicrotask(() => owner.closed(this));
      return;
    }
    this.pid = this.#process.pid;
    if (this.pid !== undefined && niceness !== undefined) makeNicer(this.pid, niceness);
    this.#watch(this.#process, frame.cwd);
  }

  get running(): boolean {
    return this.#running;
  }

  write(bytes: Uint8Array): void {
    this.#process?.stdin.write(bytes, (error) => {
      if (!error) this.#owner.report({ type: 'stdin-credit', child: this.id, bytes: bytes.byteLength });
    });
  }

  endStdin(): void {
    this.#process?.stdin.end();
  }

  credit(stream: OutputStream, bytes: number): void {
    this.#unread[stream] -= bytes;
    if (this.#unread[stream] < OUTPUT_WINDOW_BYTES) this.#process?.[stream].resume();
  }

  signal(signal: NodeJS.Signals | number, toGroup: boolean): void {
    if (!toGroup) this.#process?.kill(signal);
    else if (this.#running && this.pid !== undefined) signalGroup(this.pid, signal);
  }

  destroyOutput(stream: OutputStream): void {
    this.#process?.[stream].destroy();
  }

  /** From now on its output is read and discarded, so that it can end without waiting for a reader. */
  discardOutput(): void {
    for (const stream of OUTPUT_STREAMS) {
      this.#unread[stream] = Number.NEGATIVE_INFINITY;
      this.#process?.[stream].resume();
    }
  }

  destroyStreams(): void {
    this.#process?.stdin.destroy();
    for (const stream of OUTPUT_STREAMS) this.destroyOutput(stream);
  }

  #watch(child: ChildProcessWithoutNullStreams, cwd: string | undefined): void {
    if (child.pid !== undefined) {
      this.#running = true;
      this.#owner.report({ type: 'started', child: this.id, pid: child.pid });
    }
    child.on('error', (error) => {
      // Also emitted for a signal that could not be sent, for which `kill` on the other side does not wait.
      if (child.pid === undefined) this.#failed(error, cwd);
    });
    child.on('exit', (code, signal) => {
      this.#running = false;
      this.#owner.report({ type: 'exited', child: this.id, code, signal });
      this.#owner.exited(this);
    });
    child.on('close', () => this.#owner.closed(this));
    child.stdin.on('error', (error) => {
      this.#owner.report({ type: 'stdin-failed', child: this.id, error: toPlainError(error) });
    });
    for (const stream of OUTPUT_STREAMS) this.#forward(child, stream);
  }

  #forward(child: ChildProcessWithoutNullStreams, stream: OutputStream): void {
    const source = child[stream];
    source.on('data', (chunk: Buffer) => {
      this.#unread[stream] += chunk.byteLength;
      if (this.#unread[stream] >= OUTPUT_WINDOW_BYTES) source.pause();
      // A chunk that is only a part of its buffer is copied, because a transfer would detach the rest as well.
      const whole = chunk.byteLength === chunk.buffer.byteLength;
      const bytes = whole ? new Uint8Array(chunk.buffer as ArrayBuffer) : new Uint8Array(chunk);
      this.#owner.report({ type: 'output', child: this.id, stream, bytes }, [bytes.buffer]);
    });
    // A failed read ends the output early, which `complete` reports.
    source.on('error', () => source.destroy());
    source.on('close', () => {
      const complete = source.readableEnded;
      this.#owner.report({ type: 'output-end', child: this.id, stream, complete });
    });
  }

  #failed(thrown: unknown, cwd: string | undefined): void {
    const errno = (thrown as NodeJS.ErrnoException | undefined)?.errno;
    const exitCode = typeof errno === 'number' ? errno : -1;
    const error = toPlainError(thrown);
    const folder = cwd === undefined ? undefined : missingFolder(cwd);
    const message = folder === undefined ? error.message : `${error.message}: ${folder}`;
    this.#owner.report({ type: 'failed', child: this.id, error: { ...error, message }, exitCode });
  }
}

/** A system that forbids it (a security profile, as a rule) leaves the process at the gateway's own niceness. */
export function makeNicer(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch (thrown) {
    const code = (thrown as { info?: { code?: string } }).info?.code;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ESRCH') throw thrown;
  }
}
