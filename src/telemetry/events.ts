/**
 * The catalogue of what happens in the gateway. Sessions, threads and listeners emit; logs and metrics
 * subscribe, and nothing else does: no behaviour hangs on a subscriber.
 */
import { EventEmitter } from 'node:events';
import type { CodeCacheName } from '../shared/code-caches.js';
import { messageOf } from '../shared/errors.js';
import type { LogLevel, MetricSnapshot } from '../shared/frames/from-worker.js';
import type { SessionContext } from '../shared/session-context.js';
import { AdmissionWindow } from './admission-window.js';
import type { EndReason } from './end-reason.js';

/** Why a request was cancelled; a metric label. */
export type CancelReason = 'client' | 'disconnect' | 'resume_expired' | 'session_end';

/** Why the gateway refused an HTTP request; a metric label. */
export type RejectionReason =
  | 'host'
  | 'origin'
  | 'unauthorized'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'body_budget'
  | 'request_timeout'
  | 'malformed_http'
  | 'expectation_failed'
  | 'parse_error'
  | 'invalid_request'
  | 'protocol_version'
  /** `server/discover`, the first question of a client that would rather speak 2026-07-28: it initializes next. */
  | 'discover'
  | 'session_required'
  | 'session_unknown'
  | 'session_limit'
  | 'request_limit'
  | 'thread_wait'
  | 'draining'
  /** A fault of the gateway's, or of what it is embedded in. */
  | 'internal_error';

/** How a session came to its thread; a metric label: from a spare, from one already starting, or after a queue. */
export type ClaimKind = 'warm' | 'cold' | 'queued';

/** Why a session thread ended; a metric label. */
export type ThreadExitCause =
  /** Its session ended, or the gateway stopped, and every handler had settled. */
  | 'ended'
  /** Its session fell asleep. */
  | 'slept'
  /** It was terminated: a handler outlived `cancel-grace`, or did not let go at the session's end. */
  | 'killed'
  /** An uncaught exception or an unhandled rejection. */
  | 'crash'
  /** `process.exit` in the thread. */
  | 'exit'
  /** Over `thread-heap-mb` or `thread-memory-mb`. */
  | 'out_of_memory'
  /** It never became ready. */
  | 'start_failed';

/** Why a session gave its thread back; a metric label: nothing to do for `sleep-after`, or others wait for a thread. */
export type SleepReason = 'idle' | 'pressure';

export type ListenerName = 'mcp' | 'admin';

/** Why the gateway closed a connection by itself; a metric label. */
export type ConnectionDropReason =
  /** There are as many as may be, and none that could make room. */
  | 'limit'
  /** Its remote address has as many as one may have. */
  | 'address_limit'
  /** It had been idle longest when another needed its place. */
  | 'evicted'
  /** It took nothing of what waited for it for a minute. */
  | 'stalled'
  /** All output that clients do not read held too much, and this most of it for longest. */
  | 'output_budget'
  /** Its peer has acknowledged nothing for a minute. */
  | 'vanished'
  /** The process had hardly a free file descriptor left. */
  | 'no_descriptor';

/** How near the limit of file descriptors the process is: above 80 %, at it, or below again. */
export type DescriptorState = 'high' | 'exhausted' | 'eased';

export type StreamKind = 'post' | 'get' | 'legacy';

export interface RequestFacts {
  readonly context: SessionContext;
  /** Gateway-wide unique. */
  readonly key: string;
  readonly method: string;
  /** The tool's name for `tools/call`, as the client sent it: never a metric label unchecked. */
  readonly tool: string | undefined;
}

export interface RefusedRequest {
  readonly method: string | undefined;
  /** Without the query, which may hold a session's id. */
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface GatewayEvents {
  'session-started': [{ readonly context: SessionContext }];
  'session-ended': [
    {
      readonly context: SessionContext;
      readonly reason: EndReason;
      readonly durationMs: number;
      /** Requests that the session had been asked. */
      readonly requests: number;
    },
  ];
  /** It has a thread now; `wakeMs` since the first message that needed one. */
  'session-woke': [{ readonly context: SessionContext; readonly wakeMs: number }];
  /** Its thread is asked to go; it may still find that it has something to do. */
  'session-sleeps': [{ readonly context: SessionContext; readonly reason: SleepReason }];
  'request-started': [RequestFacts];
  /** `failure`: JSON-RPC error code as text, `tool_error`, or `cancelled`; absent after a success. */
  'request-finished': [
    RequestFacts & {
      readonly durationMs: number;
      readonly failure: string | undefined;
      /** What the client was told of a failure, cut; the message of an error that a handler threw, as a rule. */
      readonly message: string | undefined;
      /** Of what a handler threw, at log level `debug`. */
      readonly stack?: string | undefined;
    },
  ];
  'request-cancelled': [RequestFacts & { readonly reason: CancelReason }];
  rejected: [
    {
      readonly reason: RejectionReason;
      readonly status: number;
      readonly sessionId: string | undefined;
      readonly remoteAddress: string | undefined;
      /** What was asked, where it came as far as that. Each is the client's own text. */
      readonly request?: RefusedRequest;
      /** What went wrong, for the log alone. */
      readonly detail?: string;
    },
  ];
  /** The process came near its limit of file descriptors, or away from it. `undefined`: it can't be told. */
  descriptors: [
    {
      readonly state: DescriptorState;
      readonly open: number | undefined;
      readonly limit: number | undefined;
    },
  ];
  /** A job in libuv's thread pool had waited so long, and was done; one is asked each second. */
  'libuv-pool-probed': [{ readonly waitMs: number }];
  'connection-dropped': [
    {
      readonly listener: ListenerName;
      readonly reason: ConnectionDropReason;
      readonly remoteAddress: string | undefined;
    },
  ];
  'thread-started': [
    { readonly thread: number; readonly startMs: number; readonly niceness: number | undefined },
  ];
  /** V8 would not have a code cache in a thread that has just started: it compiled what is in it. */
  'code-cache-rejected': [{ readonly cache: CodeCacheName }];
  'thread-claimed': [{ readonly thread: number; readonly kind: ClaimKind; readonly waitMs: number }];
  /** `killMs`: from the first step of the kill ladder until the thread was gone, for a thread that was killed. */
  'thread-exited': [
    {
      readonly thread: number;
      readonly cause: ThreadExitCause;
      readonly message: string | undefined;
      /** Of what was thrown in it and caught by nobody. */
      readonly stack?: string | undefined;
      readonly killMs: number | undefined;
      readonly context: SessionContext | undefined;
      /** Requests that were in flight and have been answered with an error. */
      readonly requestsLost: number;
      /** Tools and methods whose handlers ran in it, cancelled ones too; at most 8. As the client sent them. */
      readonly running?: readonly string[];
    },
  ];
  /** A thread was told to terminate and is still there after the deadline: a native call can't be interrupted. */
  'thread-stuck': [
    {
      readonly thread: number;
      readonly context: SessionContext | undefined;
      /** As in `thread-exited`. */
      readonly running?: readonly string[];
    },
  ];
  /** The module's own metrics of one thread, whole; each replaces the thread's last. */
  'thread-metrics': [{ readonly thread: number; readonly metrics: MetricSnapshot }];
  'stream-opened': [{ readonly kind: StreamKind }];
  'stream-closed': [{ readonly kind: StreamKind; readonly stalled: boolean }];
  /** A client came back with Last-Event-ID. `lost`: what it asked for was no longer in the event log. */
  'stream-resumed': [{ readonly kind: StreamKind; readonly replayed: number; readonly lost: boolean }];
  /** Events left the bounded event log before any client took them. */
  'events-dropped': [{ readonly context: SessionContext; readonly events: number }];
  /** A response of the client that answers nothing that its server asked. */
  'response-unmatched': [{ readonly context: SessionContext }];
  /** A line that a server module logged or wrote to stdout or stderr. */
  'module-log': [
    {
      readonly context: SessionContext | undefined;
      readonly key: string | undefined;
      readonly source: 'session' | 'stdout' | 'stderr';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
    },
  ];
  'module-log-dropped': [{ readonly context: SessionContext | undefined; readonly lines: number }];
  'children-killed': [{ readonly processes: number }];
  /** What an operator should know and no other event tells. */
  notice: [
    {
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    },
  ];
}

/** A listener for each event that a subscriber wants. */
export type GatewayListeners = {
  readonly [Name in keyof GatewayEvents]?: (event: GatewayEvents[Name][0]) => void;
};

/** Failures of listeners that are reported in each window: one listens to each request, perhaps. */
const REPORTS_PER_WINDOW = 5;
const REPORT_WINDOW_MS = 10_000;

/**
 * Emits what happens. An embedder's listeners are called in the middle of a session's work: what one throws, or an async one
 * rejects with, is a notice, and neither the session nor the other listeners hear of it.
 */
export class GatewayEmitter extends EventEmitter<GatewayEvents> {
  readonly #reports = new AdmissionWindow(REPORTS_PER_WINDOW, REPORT_WINDOW_MS);
  #reporting = false;

  override emit<Name>(
    name: Name | keyof GatewayEvents,
    ...args: Name extends keyof GatewayEvents ? GatewayEvents[Name] : never
  ): boolean {
    const event = name as keyof GatewayEvents;
    // Without a listener `rawListeners` would still make an array.
    if (this.listenerCount(event) === 0) return false;
    for (const listener of this.rawListeners(event) as Listener[]) {
      try {
        const returned = listener.apply(this, args);
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#failed(event, error));
      } catch (error) {
        this.#failed(event, error);
      }
    }
    return true;
  }

  /** Adds the listeners, and returns what takes exactly these away again. */
  subscribe(listeners: GatewayListeners): () => void {
    const entries = Object.entries(listeners) as [keyof GatewayEvents, (event: unknown) => void][];
    for (const [name, listener] of entries) this.on(name, listener);
    return () => {
      for (const [name, listener] of entries) this.off(name, listener);
    };
  }

  #failed(name: keyof GatewayEvents, error: unknown): void {
    // A listener of `notice` that fails at each of them hears of itself no second time.
    if (this.#reporting) return;
    const suppressed = this.#reports.admit();
    if (suppressed === undefined) return;
    this.#reporting = true;
    try {
      this.emit('notice', {
        level: 'error',
        message: `a listener of '${name}' failed: ${messageOf(error)}`,
        ...(suppressed > 0 && { fields: { suppressed } }),
      });
    } finally {
      this.#reporting = false;
    }
  }
}

type Listener = (this: GatewayEmitter, ...args: readonly unknown[]) => unknown;
