import type { SpawnOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Registry } from 'prom-client';
import type { Affinity, Identity, SessionContext } from './session-context.js';

/**
 * Each line has a message and, if there are any, fields: anything, cut to 8 Ki characters. Errors among them keep name,
 * message, stack and causes. An error in place of the message is the field `err`, and its message is that of the line.
 */
export interface SessionLog {
  debug(message: string | Error, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string | Error, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string | Error, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string | Error, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * A small key-value store that outlives the session's thread: it is kept on the main thread and given to the next
 * thread after a sleep, a crash or a kill. It ends with the session.
 */
export interface SessionState {
  /** A copy of the value, or `undefined`. `get<number>('count')` only says what the value is: nothing checks it. */
  get<Value = unknown>(key: string): Value | undefined;
  /**
   * Stores a structured clone of the value.
   * @throws {BulkheadError} `ERR_BULKHEAD_STATE` if the key is not a string, if the value cannot be cloned, or if all
   *   entries together would exceed 1 MiB, or those of all sessions 256 MiB. The old value stays. An entry counts its
   *   serialized value, 2 bytes for each character of its key, and 256 bytes.
   */
  set(key: string, value: unknown): void;
  /** Returns whether the key existed. */
  delete(key: string): boolean;
  keys(): string[];
}

/**
 * `SessionState` with the keys and values of `defineServer<State>()`. Values survive a sleep as structured clones: a `Map`,
 * a `Date` and a `Uint8Array` stay what they are, an instance of a class becomes a plain object, and a function cannot be
 * stored. What an older version of the module has stored is not checked.
 */
export interface TypedSessionState<State extends object> {
  /** A copy of the value, or `undefined`. */
  get<Key extends keyof State & string>(key: Key): State[Key] | undefined;
  /** As in `SessionState`. */
  set<Key extends keyof State & string>(key: Key, value: State[Key]): void;
  /** Returns whether the key existed. */
  delete(key: keyof State & string): boolean;
  /** All keys that have a value. */
  keys(): (keyof State & string)[];
}

/** What `State` is unless a module says it: any keys, with any values. */
export type UntypedState = Record<string, unknown>;

/**
 * How a session's child process is started. Other options of `node:child_process` are refused: `uid`, `gid`,
 * `serialization` and unknown ones always; `stdio`, `shell`, `detached` and `windowsHide` if they ask for anything
 * other than pipes, no shell, not detached, hidden.
 */
export interface SessionSpawnOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'argv0'> {
  /** Kills the process and its group when it aborts; `error` is emitted with an `AbortError`, as in `node:child_process`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the process and its group are killed. 0, the default: never. */
  readonly timeout?: number | undefined;
  /** The signal that `signal` and `timeout` send; SIGTERM by default. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /**
   * `request` (the default in a request's handler): the process dies when that request ends. `session` (the default
   * elsewhere): it dies when the session's thread ends.
   */
  readonly lifetime?: 'request' | 'session';
}

/** The part of `ChildProcess` of `node:child_process` that a session's child process has. */
export interface SessionChildProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** `undefined` until `spawn` is emitted, because another thread starts the process. */
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  /** `false` if the process has already ended. */
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
  /** The process could not be started. */
  error: [error: Error];
  exit: [code: number | null, signal: NodeJS.Signals | null];
  /** Emitted after `exit`, when the output has been read to its end. */
  close: [code: number | null, signal: NodeJS.Signals | null];
}

/** What a server module receives for its session. */
export interface Session<State extends object = UntypedState> {
  /** The session's id. */
  readonly id: string;
  /** Who its client is, and how it is connected. */
  readonly context: SessionContext;
  /**
   * Who has opened the session. It contains no credential: a token is never passed on. Scopes and claims are those of the
   * request that opened the session.
   */
  readonly principal: Identity;
  /** Aborts when the session ends: its client left, it was idle for too long, or the gateway stops. */
  readonly signal: AbortSignal;
  /** Writes lines to the gateway's log, with the ids of the session and of the running request. */
  readonly log: SessionLog;
  /** Outlives the session's thread: for what must stay when the session sleeps. */
  readonly state: string extends keyof State ? SessionState : TypedSessionState<State>;
  /** Metrics registered here are summed over all sessions and served on `/metrics`. */
  readonly metrics: Registry;
  /** The id of the request whose handler is running, unique in the whole gateway; `undefined` outside of a handler. */
  readonly requestKey: string | undefined;
  /**
   * Starts a child process in its own process group. The process and all its descendants are killed when its lifetime
   * ends, even if this thread is killed. stdin, stdout and stderr are pipes. No shell is used. If the command cannot be
   * started, `error` is emitted, as in `node:child_process`.
   * @throws {BulkheadError} `ERR_BULKHEAD_SPAWN` if the session already has 64 child processes, or for an option that
   *   is not supported
   */
  spawn(command: string, args?: readonly string[], options?: SessionSpawnOptions): SessionChildProcess;
  /**
   * Keeps the session's thread, and with it everything that the module holds in memory, until the returned function is
   * called. Calling that again does nothing. For work that continues between requests: a timer, a connection, a
   * watcher.
   */
  stayAwake(): () => void;
}

/** What a server module may say of its sessions, however it makes their server. */
interface SessionTraits<State extends object> {
  /**
   * `static`: every session has the same tools, prompts, resources and templates, whoever its client is. The gateway
   * then answers `initialize` and the lists itself, and a session has no thread before its first call. If a session
   * sends a list-changed notification nevertheless, its own thread answers from then on.
   */
  readonly lists?: 'static';
  /**
   * `false`: a session keeps its thread until it ends. For modules with state in memory that does not fit into
   * `session.state`. Otherwise a session without work loses its thread after `sleep-after`, and `setup` or
   * `createServer` runs again in another thread when the session is needed.
   */
  readonly sleep?: boolean;
  /**
   * What the server's state belongs to for clients of revision 2026-07-28, which have no sessions. `session`, unless the
   * gateway's option says otherwise: such clients have to begin one. `request`: nothing is kept from one request to the
   * next. `principal`: all requests of one principal meet the same thread. `handle`: the gateway adds tools that open and
   * close sessions. Clients of earlier revisions have sessions in any case.
   */
  readonly affinity?: Affinity;
  /** With affinity `request`. `false`: each request has a fresh thread, even if the one before has left nothing behind. */
  readonly reuse?: boolean;
  /**
   * Runs before a session without work gives its thread back. `session.signal` does not abort, and `session.state` is
   * kept. It has `cancel-grace` to finish. If it throws, the thread ends all the same.
   */
  onSleep?(session: Session<State>): void | Promise<void>;
}

/** A server module that registers tools, resources and prompts on a server that the gateway makes. */
export interface SetupDefinition<State extends object = UntypedState> extends SessionTraits<State> {
  /** `serverInfo.name`. */
  readonly name: string;
  /** `serverInfo.version`. */
  readonly version: string;
  /** `serverInfo.title`. */
  readonly title?: string;
  /** Sent with the result of `initialize`; clients give it to the model. */
  readonly instructions?: string;
  /** Further options of the SDK's `McpServer`, such as `capabilities: { logging: {} }`. */
  readonly options?: ServerOptions;
  /**
   * Registers everything on the session's own `McpServer`. Runs once for each thread that serves the session, and once
   * at start, so that a module that cannot be set up is found before the listener opens.
   */
  setup(server: McpServer, session: Session<State>): void | Promise<void>;
  /** Instead of `setup`, in a `CreateServerDefinition`. */
  readonly createServer?: undefined;
}

/** A server module that makes the server of a session itself. Name, version and instructions are that server's. */
export interface CreateServerDefinition<State extends object = UntypedState> extends SessionTraits<State> {
  /**
   * Returns the session's own server, which is not connected yet. Runs once for each thread that serves the session,
   * and once at start, so that a module that cannot be served is found before the listener opens.
   */
  createServer(session: Session<State>): ConnectableServer | Promise<ConnectableServer>;
  /** Instead of `createServer`, in a `SetupDefinition`. */
  readonly setup?: undefined;
}

/** What a server module exports by default: which tools, resources and prompts a session has. */
export type ServerDefinition<State extends object = UntypedState> =
  | SetupDefinition<State>
  | CreateServerDefinition<State>;

/** An MCP server: `McpServer` or `Server` of the SDK's version 1 or 2, or anything else that has `connect`. */
export interface ConnectableServer {
  /** Sets the transport's `onmessage`, then calls its `start`. Messages arrive from then on. */
  connect(transport: ServerTransport): unknown;
  /** Called when the session ends. Without it, the transport's `onclose` is called. */
  close?(): unknown;
}

/** A JSON-RPC 2.0 message. */
export interface ServerMessage {
  readonly jsonrpc: '2.0';
  readonly id?: string | number | undefined;
  readonly method?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined;
}

/** What a server is connected to: a `Transport` of the SDK's version 1 and of version 2. */
export interface ServerTransport {
  /** The session's id. */
  readonly sessionId: string;
  start(): Promise<void>;
  /**
   * Sends a message to the client. Waits while more than 1 MiB has not left the gateway.
   * @throws {Error} for a request or a notification with more than 32 Mi characters of JSON
   */
  send(message: ServerMessage, options?: { readonly relatedRequestId?: string | number }): Promise<void>;
  /** Ends the session. */
  close(): Promise<void>;
  /** Set by the server: called with each message of the client. */
  onmessage?(message: ServerMessage, extra?: object): void;
  /** Set by the server: called once, when the session ends. */
  onclose?(): void;
  onerror?(error: Error): void;
}

/**
 * Gives the definition of a server module its type. A plain object with the same fields works as well, and so does
 * `{ … } satisfies ServerDefinition`. `defineServer<{ count: number }>({ … })` names the keys of `session.state`.
 */
export function defineServer<State extends object = UntypedState>(
  definition: ServerDefinition<State>,
): ServerDefinition {
  // Only the module itself knows its state.
  return definition as object as ServerDefinition;
}
