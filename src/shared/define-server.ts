import type { SpawnOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Registry } from 'prom-client';
import type { SessionContext } from './session-context.js';

export interface SessionLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * A small key-value store that outlives the session's thread: it is kept on the main thread and given to the
 * next thread after a crash or a kill. It ends with the session.
 */
export interface SessionState {
  /** A copy of the value, or `undefined`. */
  get(key: string): unknown;
  /**
   * Stores a structured clone of the value.
   * @throws {BulkheadError} `ERR_BULKHEAD_STATE` when the key is no string, when the value can't be cloned, when all entries
   *   together would pass 1 MiB, or all sessions' 256 MiB; the old value stays. An entry counts its serialized value, 2 bytes
   *   for each character of its key, and 256 bytes.
   */
  set(key: string, value: unknown): void;
  /** Whether there was such a key. */
  delete(key: string): boolean;
  keys(): string[];
}

/**
 * What a session's child process is started with. Other options of `node:child_process` are refused by name: `uid`, `gid`,
 * `serialization` and what it does not know, and `stdio`, `shell`, `detached` and `windowsHide` where they say anything else than
 * pipes, no shell, not detached, hidden.
 */
export interface SessionSpawnOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'argv0'> {
  /** Kills the process and its group when it aborts; `error` is emitted with an `AbortError`, as in `node:child_process`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the process and its group are killed. 0, the default: never. */
  readonly timeout?: number | undefined;
  /** What `signal` and `timeout` kill with; SIGTERM by default. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /**
   * `request` (the default inside a request's handler): the process dies when that request ends.
   * `session` (the default elsewhere): it dies when the session's thread ends.
   */
  readonly lifetime?: 'request' | 'session';
}

/** The part of `node:child_process`'s `ChildProcess` that a session's child process has. */
export interface SessionChildProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** `undefined` until `spawn` is emitted: the process is started by another thread. */
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  /** `false` when it has ended already. */
  kill(signal?: NodeJS.Signals | number): boolean;
  on<Name extends keyof SessionChildProcessEvents>(
    event: Name,
    listener: (...args: SessionChildProcessEvents[Name]) => void,
  ): this;
  once<Name extends keyof SessionChildProcessEvents>(
    event: Name,
    listener: (...args: SessionChildProcessEvents[Name]) => void,
  ): this;
  off<Name extends keyof SessionChildProcessEvents>(
    event: Name,
    listener: (...args: SessionChildProcessEvents[Name]) => void,
  ): this;
}

export interface SessionChildProcessEvents {
  spawn: [];
  /** It could not be started. */
  error: [error: Error];
  exit: [code: number | null, signal: NodeJS.Signals | null];
  /** After `exit`, when its output has been read to the end. */
  close: [code: number | null, signal: NodeJS.Signals | null];
}

/** What a server module is given for its session. */
export interface Session {
  readonly id: string;
  readonly context: SessionContext;
  /** Aborts when the session ends: its client left, it was idle too long, or the gateway stops. */
  readonly signal: AbortSignal;
  /** Lines in the gateway's log, with the session's and the running request's id. */
  readonly log: SessionLog;
  readonly state: SessionState;
  /** Metrics registered here are added up over all sessions and served on `/metrics`. */
  readonly metrics: Registry;
  /** The gateway-wide unique id of the request whose handler is running, or `undefined` outside of one. */
  readonly requestKey: string | undefined;
  /**
   * Starts a child process in a process group of its own. It and all its descendants are killed when its
   * lifetime ends, also when this thread is killed. stdin, stdout and stderr are pipes. No shell is used.
   * A command that can't be started emits `error`, as in `node:child_process`.
   * @throws {BulkheadError} `ERR_BULKHEAD_SPAWN` when the session already has 64 child processes, or for an option
   *   that it does not have.
   */
  spawn(command: string, args?: readonly string[], options?: SessionSpawnOptions): SessionChildProcess;
  /**
   * Keeps the session's thread, and with it all that the module holds in memory, until the returned function is
   * called; calling that again does nothing. For work that goes on between requests: a timer, a connection, a watcher.
   */
  stayAwake(): () => void;
}

/** What a server module exports by default: which tools, resources and prompts a session has. */
export interface ServerDefinition {
  /** `serverInfo.name`. */
  readonly name: string;
  /** `serverInfo.version`. */
  readonly version: string;
  /** `serverInfo.title`. */
  readonly title?: string;
  /** Sent with `initialize`'s result; clients hand it to the model. */
  readonly instructions?: string;
  /** Further options of the SDK's `McpServer`, such as `capabilities: { logging: {} }`. */
  readonly options?: ServerOptions;
  /**
   * `static`: every session has the same tools, prompts, resources and templates, whoever its client is. Then the
   * gateway answers `initialize` and the lists itself, and a session has no thread before its first call. A session
   * whose lists change all the same, with a list-changed notification, is served by its own thread from then on.
   */
  readonly lists?: 'static';
  /**
   * `false`: a session keeps its thread until it ends. For modules that hold state in memory which `session.state`
   * can't take. Otherwise a session without work loses its thread after `sleep-after`, and `setup` runs again in
   * another one when it is asked something.
   */
  readonly sleep?: boolean;
  /**
   * Registers everything on the session's own `McpServer`. Runs once for each thread that serves the session,
   * and once at start, so that a module that can't be set up is found before the listener opens.
   */
  setup(server: McpServer, session: Session): void | Promise<void>;
  /**
   * Runs before the thread of a session without work is taken away; `session.signal` is not aborted, and
   * `session.state` is kept. It has `cancel-grace` to finish. Should it throw, the thread goes all the same.
   */
  onSleep?(session: Session): void | Promise<void>;
}

/** Gives a server module's definition its type. A plain object with the same fields does as well. */
export function defineServer(definition: ServerDefinition): ServerDefinition {
  return definition;
}
