/**
 * All messages to and from the child keeper, the one thread that starts child processes.
 *
 * A process that a session thread had started itself could not be reaped once that thread is terminated: only the event
 * loop that started it would call `waitpid`, so it would stay a zombie until the gateway ends. The keeper runs no
 * module's code and is never killed, so it can both start and reap.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from './errors.js';
import type { ModuleThreadData, SharedCounters } from './thread-start.js';
import type { ToolRuleLists } from './tool-rules.js';

/** How many child processes one session may have at a time. */
export const MAX_CHILD_PROCESSES = 64;

/** Bytes of one output stream that the keeper sends before the session thread has read them. */
export const OUTPUT_WINDOW_BYTES = 256 * 1024;

/** Bytes of stdin that the session thread sends before the child has read them. */
export const STDIN_WINDOW_BYTES = 256 * 1024;

/**
 * Environment variable that a child process passes on to all its descendants. Its value differs for each lifetime. It
 * identifies a descendant that has left the process group and whose parents are gone, and tells a later gateway whose it
 * was (`process-owner.ts`).
 */
export const CHILD_MARKER = 'BULKHEAD_CHILD';

/** What the keeper thread receives as `workerData`. */
export interface ChildKeeperData {
  readonly mainPort: MessagePort;
  /** How much higher the nice value of child processes is than the gateway's. */
  readonly niceIncrement: number;
}

export type OutputStream = 'stdout' | 'stderr';

/** From a session thread to the keeper: start a process. Always the first frame on a port. */
export interface StartFrame {
  readonly type: 'start';
  /** The session thread's own number for the process. */
  readonly child: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly argv0: string | undefined;
  /** The request with which the process ends; `undefined` if it ends with the session. */
  readonly requestKey: string | undefined;
}

/**
 * From the main thread to the keeper: start a server that speaks stdio. It is the first frame on its port. What follows
 * are the frames between the main thread and a worker (`frames/`), which the keeper answers for the program.
 */
export interface ServeFrame {
  readonly type: 'serve';
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The complete environment: only a mark for the gateway's processes and a TMPDIR are added. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it is started only by an `environment` frame, which has the rest of its environment. */
  readonly waits: boolean;
  readonly startTimeoutMs: number;
  /** `process-memory-mb`, of the process and all its descendants. */
  readonly memoryLimitBytes: number;
  /** Whether its sessions may lose their process while they have no work. */
  readonly sleeps: boolean;
  /** `undefined`: clients see its tools as they are. */
  readonly tools: ToolRuleLists | undefined;
  /** Whether to report what it answers to `initialize` and to the lists. */
  readonly learns: boolean;
  /** Memory that the main thread and the keeper share. */
  readonly counters: Pick<SharedCounters, 'handledBytes' | 'takenMessages'>;
}

/**
 * From the main thread to the keeper: start a process that runs a session worker with a server module. It is the first
 * frame on its port. What follows are the frames between the main thread and a worker, which the keeper passes on.
 */
export interface ServeModuleFrame {
  readonly type: 'serve-module';
  /** Absolute path of the bundled entry of such a process. */
  readonly entry: string;
  /** Flags of Node and V8. */
  readonly execArgv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** As in `ServeFrame`. */
  readonly env: Readonly<Record<string, string>>;
  /** As in `ServeFrame`. */
  readonly memoryLimitBytes: number;
  readonly data: ModuleThreadData;
  /** Memory that the main thread and the keeper share: the process itself tells and is told by frames. */
  readonly counters: SharedCounters;
}

/** From a session thread to the keeper. When the port closes, the thread has died, and all its processes are ended. */
export type ChildRequestFrame =
  | StartFrame
  | { readonly type: 'stdin'; readonly child: number; readonly bytes: Uint8Array }
  | { readonly type: 'stdin-end'; readonly child: number }
  /** This many bytes of output have been read, so as many more may be sent. */
  | { readonly type: 'credit'; readonly child: number; readonly stream: OutputStream; readonly bytes: number }
  /** Nobody reads this output any more. */
  | { readonly type: 'output-destroy'; readonly child: number; readonly stream: OutputStream }
  /** Signal the process itself, as `ChildProcess.kill` does, or its whole group. Answered with `signalled`. */
  | {
      readonly type: 'signal';
      readonly child: number;
      readonly signal: NodeJS.Signals | number;
      readonly toGroup?: true;
    }
  | { readonly type: 'end-request'; readonly requestKey: string }
  /** End all processes. Answered with `all-ended`. */
  | { readonly type: 'end-all' };

/** From the keeper to a session thread. */
export type ChildReportFrame =
  | { readonly type: 'started'; readonly child: number; readonly pid: number }
  /** The process could not be started. `exitCode` is the negative errno with which `close` is emitted. */
  | { readonly type: 'failed'; readonly child: number; readonly error: PlainError; readonly exitCode: number }
  | {
      readonly type: 'output';
      readonly child: number;
      readonly stream: OutputStream;
      readonly bytes: Uint8Array;
    }
  /** `complete` is false if the keeper stopped reading before the end. */
  | {
      readonly type: 'output-end';
      readonly child: number;
      readonly stream: OutputStream;
      readonly complete: boolean;
    }
  /** This many bytes of stdin have been written to the pipe. */
  | { readonly type: 'stdin-credit'; readonly child: number; readonly bytes: number }
  | { readonly type: 'signalled'; readonly child: number; readonly signal: NodeJS.Signals | number }
  /** stdin failed, usually with EPIPE. */
  | { readonly type: 'stdin-failed'; readonly child: number; readonly error: PlainError }
  | {
      readonly type: 'exited';
      readonly child: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | { readonly type: 'all-ended' };

/** From the main thread to the keeper. */
export type KeeperCommandFrame =
  /** The port of a session thread, on which the first frames arrived while the keeper was starting. */
  | {
      readonly type: 'connect';
      readonly thread: number;
      readonly port: MessagePort;
      /**
       * What has arrived on it so far: from a thread, or `serve` or `serve-module` and frames between main thread and worker
       * (`codec.ts`).
       */
      readonly frames: readonly unknown[];
    }
  /** End all processes of a session thread that cannot ask for it itself. */
  | { readonly type: 'end'; readonly thread: number }
  /** Kill everything that is left, then answer `closed`. */
  | { readonly type: 'close' };

/**
 * `running`: the first process of the group lives. `leaderless`: only descendants of it do. `gone`: the id may be
 * reused.
 */
export type GroupState = 'running' | 'leaderless' | 'gone';

/** From the keeper to the main thread. */
export type KeeperReportFrame =
  | { readonly type: 'group'; readonly thread: number; readonly group: number; readonly state: GroupState }
  /** A request or a session ended while this many of its processes still ran. */
  | { readonly type: 'killed'; readonly thread: number; readonly processes: number }
  /** These still existed at the deadline: in an uninterruptible system call, or owned by another user. */
  | { readonly type: 'survivors'; readonly thread: number; readonly pids: readonly number[] }
  /** A session's folder for temporary files could not be removed. */
  | { readonly type: 'folder-left'; readonly thread: number; readonly message: string }
  /** The session thread is gone, and so are all its processes. */
  | { readonly type: 'released'; readonly thread: number }
  | { readonly type: 'closed' };
