/**
 * Everything that is said to and by the child-process keeper: the one thread that starts child processes.
 *
 * A process that a session thread started itself could never be reaped once that thread is terminated: only the
 * event loop that started it would call `waitpid`, so it would stay a zombie for as long as the gateway lives.
 * The keeper runs no user code and is never killed, so it can both start and reap.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from './errors.js';

/** Child processes that one session may have at a time. */
export const MAX_CHILD_PROCESSES = 64;

/** Bytes of one output stream that the keeper sends ahead of the session thread's reading. */
export const OUTPUT_WINDOW_BYTES = 256 * 1024;

/** Bytes of stdin that the session thread sends ahead of the child's reading. */
export const STDIN_WINDOW_BYTES = 256 * 1024;

/**
 * Environment variable that a child process inherits to all its descendants. Its value is random for each
 * lifetime, and by it a descendant is found that left the process group and whose parents are gone.
 */
export const CHILD_MARKER = 'BULKHEAD_CHILD';

/** What the keeper thread is given as `workerData`. */
export interface ChildKeeperData {
  readonly mainPort: MessagePort;
  /** How much nicer child processes are than the gateway. */
  readonly niceIncrement: number;
}

export type OutputStream = 'stdout' | 'stderr';

/** Session thread to keeper: start a process. Always the first frame on a port. */
export interface StartFrame {
  readonly type: 'start';
  /** The session thread's own number for it. */
  readonly child: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly argv0: string | undefined;
  /** The request whose end is the process's end, or `undefined` for the session's. */
  readonly requestKey: string | undefined;
}

/** What a session thread says to the keeper. Its port's `close` is its death and ends all its processes. */
export type ChildRequestFrame =
  | StartFrame
  | { readonly type: 'stdin'; readonly child: number; readonly bytes: Uint8Array }
  | { readonly type: 'stdin-end'; readonly child: number }
  /** So many bytes of output have been read: the window opens again. */
  | { readonly type: 'credit'; readonly child: number; readonly stream: OutputStream; readonly bytes: number }
  /** Nobody reads this output any more. */
  | { readonly type: 'output-destroy'; readonly child: number; readonly stream: OutputStream }
  /** To the process itself, as `ChildProcess.kill` does, or to its whole group. Answered with `signalled`. */
  | {
      readonly type: 'signal';
      readonly child: number;
      readonly signal: NodeJS.Signals | number;
      readonly toGroup?: true;
    }
  | { readonly type: 'end-request'; readonly requestKey: string }
  /** End all processes; answered with `all-ended`. */
  | { readonly type: 'end-all' };

/** What the keeper says to a session thread. */
export type ChildReportFrame =
  | { readonly type: 'started'; readonly child: number; readonly pid: number }
  /** It could not be started. `exitCode` is the negative errno that `close` is emitted with. */
  | { readonly type: 'failed'; readonly child: number; readonly error: PlainError; readonly exitCode: number }
  | {
      readonly type: 'output';
      readonly child: number;
      readonly stream: OutputStream;
      readonly bytes: Uint8Array;
    }
  /** `complete` is false where the keeper stopped reading before the end. */
  | {
      readonly type: 'output-end';
      readonly child: number;
      readonly stream: OutputStream;
      readonly complete: boolean;
    }
  /** So many bytes of stdin have been written to the pipe. */
  | { readonly type: 'stdin-credit'; readonly child: number; readonly bytes: number }
  | { readonly type: 'signalled'; readonly child: number; readonly signal: NodeJS.Signals | number }
  /** stdin failed, with EPIPE as a rule. */
  | { readonly type: 'stdin-failed'; readonly child: number; readonly error: PlainError }
  | {
      readonly type: 'exited';
      readonly child: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly type: 'all-ended' };

/** What the main thread says to the keeper. */
export type KeeperCommandFrame =
  /** A session thread's port, over which the first frames came while the keeper was started. */
  | {
      readonly type: 'connect';
      readonly thread: number;
      readonly port: MessagePort;
      /** What has come over it so far. */
      readonly frames: readonly ChildRequestFrame[];
    }
  /** End all processes of a session thread that can't say so itself. */
  | { readonly type: 'end'; readonly thread: number }
  /** Kill everything that is left, then answer `closed`. */
  | { readonly type: 'close' };

/**
 * `running`: the process that the group is named after lives. `leaderless`: only descendants of it do.
 * `gone`: the id may be used again for something else.
 */
export type GroupState = 'running' | 'leaderless' | 'gone';

/** What the keeper says to the main thread. */
export type KeeperReportFrame =
  | { readonly type: 'group'; readonly thread: number; readonly group: number; readonly state: GroupState }
  /** A request or a session ended while so many of its processes still ran. */
  | { readonly type: 'killed'; readonly thread: number; readonly processes: number }
  /** These were still there at the deadline: in an uninterruptible system call, or of another user. */
  | { readonly type: 'survivors'; readonly thread: number; readonly pids: readonly number[] }
  /** The session thread is gone, and so are all its processes. */
  | { readonly type: 'released'; readonly thread: number }
  | { readonly type: 'closed' };
