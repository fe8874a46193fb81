/**
 * The two unions that are everything the main thread and a session thread say to each other. JSON-RPC travels
 * as the string that was received or serialized: the main thread parses a client's message once to classify it
 * and never parses what a session thread sends.
 */
import type { DeclaredNotifications } from './declared-notifications.js';
import type { PlainError } from './errors.js';
import type { MemoryLimit, MemoryLimits } from './memory-limits.js';
import type { SessionContext } from './session-context.js';

/** A JSON-RPC request id: a string or an integer (JSON-RPC 2.0, section 4; MCP forbids `null`). */
export type RequestId = string | number;

/** A prom-client registry as `getMetricsAsJSON()` returns it. */
export type MetricSnapshot = readonly Record<string, unknown>[];

/**
 * All entries of `session.state`, in a few pieces: each further piece of memory takes the main thread microseconds to post, and
 * there can be thousands of entries.
 */
export interface StateBlock {
  readonly keys: readonly string[];
  /** Where each key's value ends in `values`; it begins where that of the key before ends. */
  readonly ends: Uint32Array;
  /** v8-serialized. */
  readonly values: Uint8Array;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What the main thread says to a session thread. */
export type MainFrame =
  /** The thread now belongs to this session: run the module's `setup`. Sent once, before any message. */
  | {
      readonly type: 'claim';
      readonly context: SessionContext;
      /** `undefined`: nothing is stored. */
      readonly state: StateBlock | undefined;
      /** One number, in memory that all threads see: KiB that all sessions' states hold together. */
      readonly stateUsedKib: Int32Array;
      /** Messages that an earlier thread of the session saw; delivered first, their answers swallowed. */
      readonly replay: readonly string[];
      /** Where this thread's own JSON-RPC ids begin, so that they never repeat an earlier thread's. */
      readonly firstRequestId: number;
      /** One number, in memory that both threads see: `backlogBytes` of all unpaced frames that have been handled. */
      readonly handledBytes: Int32Array;
      /** Another one: how many messages the thread has handed to its server. */
      readonly takenMessages: Int32Array;
      /** Child processes have been started: their requests have to be told apart from the first. */
      readonly tracksRequests: boolean;
    }
  /** One JSON-RPC message of the client; see `messageFrame`. */
  | string
  /** Abort the handler of this request. */
  | { readonly type: 'cancel'; readonly requestId: RequestId; readonly reason: string }
  /** So many bytes of `send` bodies have left the main thread: the window opens again. */
  | { readonly type: 'credit'; readonly bytes: number }
  /** Answer with `pong`: proof that the thread's event loop turns. */
  | { readonly type: 'ping' }
  /** Give V8's code cache of the session worker, for threads to come. */
  | { readonly type: 'code-cache' }
  /** Nothing is asked of the thread: run the module's `onSleep`, answer `ended`; or `stay-awake` where work is left. */
  | { readonly type: 'sleep' }
  /** The session ends: abort `session.signal`, let handlers settle, answer `ended`. */
  | { readonly type: 'end'; readonly reason: string };

/** One JSON-RPC message of the server. */
export interface SendFrame {
  readonly type: 'send';
  readonly kind: 'response' | 'request' | 'notification';
  /** A response's or a request's own id; for `notifications/cancelled` the request that is withdrawn. */
  readonly id: RequestId | undefined;
  /** The client's request that this belongs to; a response's is its own id. */
  readonly relatedTo: RequestId | undefined;
  readonly body: string;
  /** For a response that failed: the JSON-RPC error code as text, or `tool_error` for `isError: true`. */
  readonly failure?: string;
  /** For a response that failed: what the client is told, cut. */
  readonly message?: string;
  /** For a response that failed by what a handler threw, where the log shows stacks. */
  readonly stack?: string;
  /** For the response to `initialize`: what the server may be expected to notify its client of. */
  readonly declared?: DeclaredNotifications;
  /** For a notification that a list of tools, prompts or resources has changed. */
  readonly listChanged?: true;
  /** For `notifications/progress`: how far the tool says it is. */
  readonly progress?: number;
}

/**
 * The two frames of which there is one for each call are plain text: cloning an object takes the port twice as long.
 * @param key a request's gateway-wide unique id, without a line break; empty for the rest.
 * @param fastPath a tool call that the SDK's schema would let pass as it is: the fast path may serve it
 */
export function messageFrame(key: string, body: string, fastPath = false): string {
  return `${fastPath ? FAST_PATH : ''}${key}\n${body}`;
}

export function readMessageFrame(frame: string): { key: string; message: unknown; fastPath: boolean } {
  const end = frame.indexOf('\n');
  const fastPath = frame.startsWith(FAST_PATH);
  const key = frame.slice(fastPath ? FAST_PATH.length : 0, end);
  return { key, message: JSON.parse(frame.slice(end + 1)), fastPath };
}

/** What the frame of such a call begins with, and no key does. */
const FAST_PATH = '!';

/** A response that is a result, and no tool's error. */
export function resultFrame(id: RequestId, body: string): string {
  return `${JSON.stringify(id)}\n${body}`;
}

export function readResultFrame(frame: string): SendFrame {
  const end = frame.indexOf('\n');
  const id = JSON.parse(frame.slice(0, end)) as RequestId;
  return { type: 'send', kind: 'response', id, relatedTo: id, body: frame.slice(end + 1) };
}

/** What a session thread says to the main thread. */
export type ThreadFrame =
  /** A result; see `resultFrame`. */
  | string
  /** The server module is imported; the thread is a spare. `niceness` and the system's id are this thread's own, where known. */
  | {
      readonly type: 'ready';
      readonly systemThreadId: number | undefined;
      readonly niceness: number | undefined;
      readonly traits: ModuleTraits;
      /** The code caches that V8 would not have: the thread has compiled what is in them. */
      readonly rejectedCaches: readonly CodeCacheName[];
    }
  /** The module can't be used, or `setup` threw. The thread is of no more use. */
  | { readonly type: 'failed'; readonly stage: 'import' | 'shape' | 'setup'; readonly error: PlainError }
  /** `setup` is done. */
  | { readonly type: 'claimed' }
  | SendFrame
  /** The handler of a cancelled request has come to its end; nothing will be sent for it. */
  | { readonly type: 'settled'; readonly requestId: RequestId }
  /** A handler asked for its own stream to be closed (SEP-1699), or, without an id, for the GET stream. */
  | { readonly type: 'close-stream'; readonly requestId: RequestId | undefined }
  /** A log line of the module, or a line that it wrote to stdout or stderr. `key` as in `message`. */
  | {
      readonly type: 'log';
      readonly source: 'session' | 'stdout' | 'stderr';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
      readonly key: string | undefined;
    }
  /** So many log lines were over the rate limit since the last such frame. */
  | { readonly type: 'log-dropped'; readonly lines: number }
  /** `session.state` changed; without a value the key is gone. */
  | { readonly type: 'state'; readonly key: string; readonly value: Uint8Array | undefined }
  /** How much memory the thread holds, heap and Buffers together. */
  | { readonly type: 'memory'; readonly usedBytes: number; readonly heapBytes: number }
  /** The thread found itself over this limit and is about to exit. */
  | { readonly type: 'over-memory'; readonly limit: MemoryLimit; readonly usedBytes: number }
  /** The module's own metrics, whole. */
  | { readonly type: 'metrics'; readonly metrics: MetricSnapshot }
  | { readonly type: 'pong' }
  | { readonly type: 'code-cache'; readonly caches: CodeCaches }
  /** Something needs the thread although nothing is asked of it: a hold of the module, a task, a child process. */
  | { readonly type: 'held'; readonly held: boolean }
  /** The answer to `sleep` of a thread in which something goes on that the main thread had not heard of. */
  | { readonly type: 'stay-awake' }
  /** The module closed its server, or the server its transport: it answers nothing any more, and the session is over. */
  | { readonly type: 'server-closed' }
  /** Every handler has settled after `end`, or `onSleep` after `sleep`; the thread may be terminated. */
  | { readonly type: 'ended' };

/** What a module can make its thread post from synchronous code, without end and without credit. */
export type UnpacedFrame = Extract<ThreadFrame, { type: 'state' | 'held' | 'close-stream' }>;

export function isUnpaced(frame: ThreadFrame): frame is UnpacedFrame {
  if (typeof frame === 'string') return false;
  return frame.type === 'state' || frame.type === 'held' || frame.type === 'close-stream';
}

/** What it counts for while the main thread has not handled it; small ones cost more than their bytes. */
export function backlogBytes(frame: UnpacedFrame): number {
  const bytes = frame.type === 'state' ? frame.key.length + (frame.value?.byteLength ?? 0) : 0;
  return SMALL_FRAME_BYTES + bytes;
}

const SMALL_FRAME_BYTES = 256;

/** What a server module says of itself that the main thread has to know. */
export interface ModuleTraits {
  /** Every session's lists are the same, and its `initialize` result too. */
  readonly staticLists: boolean;
  /** Its sessions may lose their thread while nothing is asked of them. */
  readonly sleeps: boolean;
}

/** What piscina hands the worker entry as its task. */
export interface SessionThreadTask {
  readonly port: import('node:worker_threads').MessagePort;
  /** A port to the child-process keeper; a thread's children die when it closes. */
  readonly keeperPort: import('node:worker_threads').MessagePort;
  /** Goes into its environment, so that what it starts by itself can be told from the rest. */
  readonly childMarker: string;
}

/** V8's code caches, with what has been compiled in the thread that made them. */
export interface CodeCaches {
  readonly worker: Uint8Array;
  /** Only where the server module is a bundle. */
  readonly module: Uint8Array | undefined;
}

export const CODE_CACHES = ['worker', 'module'] as const satisfies readonly (keyof CodeCaches)[];
export type CodeCacheName = (typeof CODE_CACHES)[number];

/** A server module and all that it imports. */
export interface ModuleText {
  /** The body of a CommonJS module, ASCII, in shared memory. */
  readonly text: Uint8Array;
  /** What stacks call it. */
  readonly filename: string;
}

/** What every session thread is given as `workerData`, and takes away from there before any other code runs. */
export interface SessionThreadData {
  /** `file:` URL of the server module, or `undefined` for the built-in environment server. */
  readonly moduleUrl: string | undefined;
  /** What the built-in server is configured with; ignored by other modules. */
  readonly environment: EnvironmentOptions;
  readonly memoryLimits: MemoryLimits;
  /** The server module as a bundle; `undefined` where it is imported as it is. */
  readonly moduleText: ModuleText | undefined;
  /** In shared memory; the first thread has none and makes them. */
  readonly codeCaches: CodeCaches | undefined;
  /** Whether the log shows stacks: it does at `debug`. */
  readonly showsStacks: boolean;
  /** The option `fast-path`: whether simple calls go past the SDK. */
  readonly fastPath: boolean;
  /** The nice value that the thread gives itself; `undefined` where piscina does that. */
  readonly linuxPriority: number | undefined;
}

/** Settings of the built-in environment server. */
export interface EnvironmentOptions {
  /** Absolute folders that the file tools may read. */
  readonly roots: readonly string[];
  /** Whether `http_request` may reach loopback, private and link-local addresses. */
  readonly allowPrivateNetwork: boolean;
}
