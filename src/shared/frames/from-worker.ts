/**
 * What a session's worker says to the main thread. JSON-RPC travels as the text that was serialized, with what the main thread
 * has to know beside it: it never parses what a worker sends.
 *
 * A module's code can post on its worker's port as well, so the main thread believes nothing that has not passed
 * `decodeFromWorker` (`codec.ts`).
 */
import type { CodeCacheName, CodeCaches } from '../code-caches.js';
import type { DeclaredNotifications } from '../declared-notifications.js';
import type { PlainError } from '../errors.js';
import type { HeaderAnnotations } from '../header-params.js';
import type { MemoryLimit } from '../memory-limits.js';
import type { RequestId } from '../request-id.js';
import type { Affinity } from '../session-context.js';

export type FromWorkerFrame =
  | ReadyFrame
  | FailedFrame
  | ClaimedFrame
  | SendFrame
  | ListsFrame
  | InputRequiredFrame
  | SettledFrame
  | CloseStreamFrame
  | LogFrame
  | LogDroppedFrame
  | MetricsFrame
  | StateFrame
  | HeldFrame
  | MemoryFrame
  | OverMemoryFrame
  | SkippedLinesFrame
  | ExitedFrame
  | PongFrame
  | CodeCacheFrame
  | AskedEarlyFrame
  | StayAwakeFrame
  | ServerClosedFrame
  | EndedFrame;

/** The server module is loaded; the worker is a spare. Sent once, and first of all unless loading failed. */
export interface ReadyFrame {
  readonly type: 'ready';
  /** The system's id of the thread, where it has one and tells it. */
  readonly systemThreadId: number | undefined;
  /** Its own nice value, where the system tells it. */
  readonly niceness: number | undefined;
  readonly traits: ModuleTraits;
  /** The code caches that V8 would not have: the thread has compiled what is in them. */
  readonly rejectedCaches: readonly CodeCacheName[];
}

/** The module can't be used, or `setup` threw. The worker is of no more use. */
export interface FailedFrame {
  readonly type: 'failed';
  /** `shape`: it was loaded, and what it exports is no server definition. `program`: it is one that speaks stdio. */
  readonly stage: 'import' | 'shape' | 'setup' | 'program';
  readonly error: PlainError;
}

/** The answer to `claim`: `setup` is done, and messages are handled. */
export interface ClaimedFrame {
  readonly type: 'claimed';
  /** What the server has answered to `initialize` in a replay: what it may be expected to notify its client of. */
  readonly declared?: DeclaredNotifications;
  /** In a trial: tools whose input schema the SDK shows no client. */
  readonly hiddenSchemas?: readonly string[];
}

/** One JSON-RPC message of the server. It costs credit, which `credit` gives back. */
export interface SendFrame {
  readonly type: 'send';
  readonly kind: 'response' | 'request' | 'notification';
  /** A response's or a request's own id; for `notifications/cancelled` the request that is withdrawn. */
  readonly id: RequestId | undefined;
  /** The client's request that this belongs to; a response's is its own id. */
  readonly relatedTo: RequestId | undefined;
  /** JSON. */
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
  /**
   * For a notification that belongs to no request, in the stateless era: what it is about. `tools`, `prompts` or `resources`
   * if that list has changed, `resource:` and the URI if a resource was updated.
   */
  readonly topic?: string;
  /**
   * For the response to a request that had its worker to itself: what its handler has left behind, as Node names it
   * (`Timeout`, `TCPSocketWrap`). Absent: nothing.
   */
  readonly left?: readonly string[];
}

/**
 * The handler of a request of the stateless era waits for its client (2026-07-28, Multi Round-Trip Requests). The response
 * is `before`, `requestState` as a JSON string, and `after`.
 */
export interface InputRequiredFrame {
  readonly type: 'input-required';
  readonly requestId: RequestId;
  readonly before: string;
  /**
   * `undefined`: the client has not declared what the handler asks for. `before` is the whole error response, and the
   * handler has to be cancelled.
   */
  readonly after: string | undefined;
}

/**
 * What the server has just answered to `initialize`, and to the worker's own requests for its lists. Sent when the lists
 * have settled, so that later sessions can be given them without a worker.
 */
export interface ListsFrame {
  readonly type: 'lists';
  /**
   * `initialize`, and the lists that were answered in one page. None: nothing can be remembered of the lists, and a client of the
   * stateless era has just been given these tools.
   */
  readonly answers: readonly LearnedAnswer[];
  readonly declared: DeclaredNotifications;
  /** Names of the tools that clients see. */
  readonly tools: readonly string[];
  /** Which of their arguments callers repeat in headers. */
  readonly headerParams: HeaderAnnotations;
  /** A list changed after the client's first call: it may be the call's effect, and not so in other sessions. */
  readonly afterCall: boolean;
}

/** A response as JSON text, around the id of its request. */
export interface LearnedAnswer {
  readonly method: string;
  readonly before: string;
  readonly after: string;
  /** The code of an error as text. */
  readonly failure: string | undefined;
  /** The same for answers that mean the same. */
  readonly digest: string;
}

/** The handler of a cancelled request has come to its end; nothing will be sent for it. */
interface SettledFrame {
  readonly type: 'settled';
  readonly requestId: RequestId;
}

/** A handler asks for its own stream to be closed (SEP-1699), or, without an id, for the GET stream. */
export interface CloseStreamFrame {
  readonly type: 'close-stream';
  readonly requestId: RequestId | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A log line of the module, or a line that it wrote to stdout or stderr. */
export interface LogFrame {
  readonly type: 'log';
  readonly source: 'session' | 'stdout' | 'stderr';
  readonly level: LogLevel;
  readonly message: string;
  /** As JSON has them. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** The gateway-wide id of the request that it belongs to. */
  readonly key: string | undefined;
}

/** So many log lines were over the rate limit since the last such frame. */
export interface LogDroppedFrame {
  readonly type: 'log-dropped';
  readonly lines: number;
}

/** A prom-client registry as `getMetricsAsJSON()` returns it. */
export type MetricSnapshot = readonly Record<string, unknown>[];

/** The module's own metrics, whole: at most once a second. Each of them is checked where they are aggregated. */
export interface MetricsFrame {
  readonly type: 'metrics';
  readonly metrics: MetricSnapshot;
}

/** `session.state` has changed. */
export interface StateFrame {
  readonly type: 'state';
  readonly key: string;
  /** v8-serialized; `undefined`: the key is gone. */
  readonly value: Uint8Array | undefined;
}

/** Whether something needs the worker although nothing is asked of it: a hold of the module, a task, a child process. */
export interface HeldFrame {
  readonly type: 'held';
  readonly held: boolean;
}

/** How much memory the worker holds: sent when that has changed by a mebibyte. */
export interface MemoryFrame {
  readonly type: 'memory';
  /** Heap and Buffers together. */
  readonly usedBytes: number;
  readonly heapBytes: number;
}

/** The worker found itself over this limit and is about to exit. */
export interface OverMemoryFrame {
  readonly type: 'over-memory';
  readonly limit: MemoryLimit;
  readonly usedBytes: number;
}

/** So many lines of a program's stdout were no messages since the last such frame. */
interface SkippedLinesFrame {
  readonly type: 'skipped-lines';
  readonly lines: number;
}

/** The program that the worker runs has ended by itself, and all that it wrote has been read. The last frame of all. */
export interface ExitedFrame {
  readonly type: 'exited';
  /** `crash`: by a signal. */
  readonly cause: 'exit' | 'crash';
  /** One sentence, for the client whose request was lost. */
  readonly message: string;
  /** The stack of what was thrown, if it crashed. */
  readonly stack?: string;
}

/** The answer to `ping`. */
interface PongFrame {
  readonly type: 'pong';
}

/** The answer to `code-cache`. */
interface CodeCacheFrame {
  readonly type: 'code-cache';
  readonly caches: CodeCaches;
}

/** The server of a spare has asked its client something: the request waits for the session. */
interface AskedEarlyFrame {
  readonly type: 'asked-early';
}

/** The answer to `sleep` where something goes on that the main thread had not heard of. */
interface StayAwakeFrame {
  readonly type: 'stay-awake';
}

/** The module closed its server, or the server its transport: it answers nothing any more, and the session is over. */
interface ServerClosedFrame {
  readonly type: 'server-closed';
}

/** The answer to `end` when every handler has settled, to `sleep` when `onSleep` has: the worker may be terminated. */
interface EndedFrame {
  readonly type: 'ended';
}

/** What a server module says of itself that the main thread has to know. */
export interface ModuleTraits {
  /** Every session's lists are the same, and its `initialize` result too. */
  readonly staticLists: boolean;
  /** Its sessions may lose their worker while nothing is asked of them. */
  readonly sleeps: boolean;
  /** What its state belongs to in the stateless era, if it says so. */
  readonly affinity: Affinity | undefined;
  /** With affinity `request`: whether its worker may serve a second request, if it says so. */
  readonly reuse: boolean | undefined;
}
