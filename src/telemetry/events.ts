/**
 * All events of the gateway. Sessions, threads and listeners emit them. Only logs and metrics subscribe, and no
 * behaviour depends on a subscriber.
 */
import { EventEmitter } from 'node:events';
import type { CodeCacheName } from '../shared/code-caches.js';
import { messageOf } from '../shared/errors.js';
import type { LogLevel, MetricSnapshot } from '../shared/frames/from-worker.js';
import type { ListKind } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import type { Identity, SessionContext } from '../shared/session-context.js';
import { AdmissionWindow } from './admission-window.js';
import type { ConnectionDropReason } from './connection-drop-reason.js';
import type { EndReason } from './end-reason.js';
import type { RejectionReason, RuleRefusalReason } from './rejection-reason.js';

/** Why a request was cancelled; a metric label. */
export type CancelReason = 'client' | 'disconnect' | 'resume_expired' | 'session_end';

/** What a session's server runs in. */
export type Isolation = 'thread' | 'process';

/** How a session got its thread: a spare, one that was starting, or after waiting in line. A metric label. */
export type ClaimKind = 'warm' | 'cold' | 'queued';

/** Why a session thread ended; a metric label. */
export type ThreadExitCause =
  /** Its session ended or the gateway stopped, and every handler had settled. */
  | 'ended'
  /** Its session fell asleep. */
  | 'slept'
  /** It was terminated: a handler continued after `cancel-grace`, or did not stop when the session ended. */
  | 'killed'
  /** An uncaught exception or an unhandled rejection. */
  | 'crash'
  /** `process.exit` in the thread. */
  | 'exit'
  /** Over `thread-heap-mb` or `thread-memory-mb`. */
  | 'out_of_memory'
  /** It never became ready. */
  | 'start_failed';

/**
 * Why a session gave its thread back: no work for `sleep-after`, others wait for a thread, or another version of its server
 * has taken the place of the one that the thread runs. A metric label.
 */
export type SleepReason = 'idle' | 'pressure' | 'reload';

/** Who asked for another version of a server: a changed file, the admin listener, a signal, or the program that embeds it. */
export type ReloadCause = 'watch' | 'admin' | 'signal' | 'api';

/** What became of it; a metric label. `refused`: the new version cannot be served, so the earlier one goes on. */
export type ReloadResult = 'reloaded' | 'refused';

/** What became of the lists of a server that has started; a metric label. */
export type LearnedOutcome =
  /** None were known. */
  | 'learned'
  /** They were those that are known. */
  | 'same'
  /** They differed from those that were known, and replaced them. */
  | 'replaced'
  /** They differ from those that are known, and a call of its session may be the reason. */
  | 'own'
  /** They differ each time: nothing is remembered any more. */
  | 'dynamic';

/** What became of a call whose handler waited for its client; a metric label. */
export type ParkedCallOutcome =
  /** Its client continued it. */
  | 'resumed'
  /** Its client did not come back in time. */
  | 'abandoned'
  /** Its thread or process ended. */
  | 'lost'
  /** The gateway stopped. */
  | 'drained';

/** Of what a principal, or an address, may have a part; a metric label. */
export type QuotaName = 'sessions' | 'compartments' | 'requests' | 'rate' | 'bytes' | 'processor';

export type ListenerName = 'mcp' | 'admin';

/** How near the process is to its limit of file descriptors: above 80 %, at the limit, or below again. */
export type DescriptorState = 'high' | 'exhausted' | 'eased';

/** Streams of a session. */
export type SessionStreamKind = 'post' | 'get' | 'legacy';

/** `listen`: the answer to `subscriptions/listen`, which belongs to no session. */
export type StreamKind = SessionStreamKind | 'listen';

export interface RequestFacts {
  readonly context: SessionContext;
  /** Unique in the whole gateway. */
  readonly key: string;
  readonly method: string;
  /** The tool's name for `tools/call`, as the client sent it. Must be checked before it becomes a metric label. */
  readonly tool: string | undefined;
}

export interface RejectedRequest {
  readonly method: string | undefined;
  /** Without the query, which may contain a session's id. */
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
      /** How many requests the session received. */
      readonly requests: number;
    },
  ];
  /** It has a thread now, `wakeMs` after the first message that needed one. */
  'session-woke': [{ readonly context: SessionContext; readonly wakeMs: number }];
  /** Its thread is asked to sleep; it may still refuse. */
  'session-sleeps': [{ readonly context: SessionContext; readonly reason: SleepReason }];
  /** Its thread was asked to sleep and has work: a hold, a child process, or something that the module has started. */
  'session-stayed-awake': [{ readonly context: SessionContext }];
  'request-started': [RequestFacts];
  /** `failure`: JSON-RPC error code as text, `tool_error`, or `cancelled`; absent after a success. */
  'request-finished': [
    RequestFacts & {
      readonly durationMs: number;
      readonly failure: string | undefined;
      /** Why the gateway answered with an error, as in `error.data.reason`; absent if the server answered. */
      readonly reason?: string | undefined;
      /**
       * What the client was told about a failure, cut to a maximum length; usually the message of an error that a
       * handler threw.
       */
      readonly message: string | undefined;
      /** The stack of what a handler threw, at log level `debug`. */
      readonly stack?: string | undefined;
    },
  ];
  /** A call whose handler waited for its client does so no longer. */
  'call-unparked': [RequestFacts & { readonly outcome: ParkedCallOutcome }];
  'request-cancelled': [RequestFacts & { readonly reason: CancelReason }];
  /** The handler of a request that was cancelled has settled `afterMs` later, by itself. */
  'handler-stopped': [
    {
      readonly context: SessionContext;
      /** The client's own id of the request, or its key in the stateless era. */
      readonly requestId: RequestId;
      /** The tool's name, or the method; as the client sent it. */
      readonly operation: string;
      readonly afterMs: number;
    },
  ];
  rejected: [
    {
      readonly reason: RejectionReason;
      readonly status: number;
      readonly sessionId: string | undefined;
      readonly remoteAddress: string | undefined;
      /** The request, as far as it was read. Each part is the client's own text. */
      readonly request?: RejectedRequest;
      /** What went wrong, only for the log. */
      readonly detail?: string;
    },
  ];
  /** Whoever asks has used what it may. */
  'quota-refused': [
    {
      readonly quota: QuotaName;
      /** Its key, or `anonymous`. */
      readonly principal: string;
      readonly remoteAddress: string | undefined;
      /**
       * How many refusals of the same kind came before it and were not reported; `undefined`: this one is not to be reported
       * either. One a minute is.
       */
      readonly unreported: number | undefined;
    },
  ];
  /** A tool is closed for a minute, for one principal or address: its calls have ended too many threads or processes. */
  'tool-closed': [
    {
      readonly server: string;
      /** As the client has sent it. */
      readonly tool: string;
      readonly principal: string;
      readonly remoteAddress: string | undefined;
    },
  ];
  /** The rules do not allow a request. `enforced`: it was refused; otherwise it was let through by `policy`. */
  'rule-refused': [
    { readonly server: string; readonly reason: RuleRefusalReason; readonly enforced: boolean },
  ];
  /** It is decided whether a request is served. */
  'request-judged': [
    {
      readonly identity: Identity;
      /** Why not; `undefined`: it is served. */
      readonly reason: RejectionReason | undefined;
    },
  ];
  /** Lines of the audit log could not be written. */
  'audit-write-failed': [{ readonly message: string }];
  /** The number of open file descriptors came near the limit or moved away from it. `undefined`: it is unknown. */
  descriptors: [
    {
      readonly state: DescriptorState;
      readonly open: number | undefined;
      readonly limit: number | undefined;
    },
  ];
  /** A job in libuv's thread pool waited this long and is done. One is submitted each second. */
  'libuv-pool-probed': [{ readonly waitMs: number }];
  'connection-dropped': [
    {
      readonly listener: ListenerName;
      readonly reason: ConnectionDropReason;
      readonly remoteAddress: string | undefined;
      /** What went wrong, only for the log. */
      readonly detail?: string;
    },
  ];
  'thread-started': [
    {
      readonly thread: number;
      readonly isolation: Isolation;
      readonly startMs: number;
      readonly niceness: number | undefined;
    },
  ];
  /** V8 refused a code cache in a thread that has just started, and compiled the code instead. */
  'code-cache-rejected': [{ readonly cache: CodeCacheName }];
  'thread-claimed': [{ readonly thread: number; readonly kind: ClaimKind; readonly waitMs: number }];
  /** `killMs`: for a killed thread, the time from the first step of the kill ladder until the thread was gone. */
  'thread-exited': [
    {
      readonly thread: number;
      readonly isolation: Isolation;
      readonly cause: ThreadExitCause;
      readonly message: string | undefined;
      /** The stack of an uncaught exception in it, or of what its start threw. */
      readonly stack?: string | undefined;
      readonly killMs: number | undefined;
      readonly context: SessionContext | undefined;
      /** Requests that were in flight and were answered with an error. */
      readonly requestsLost: number;
      /** Tools and methods whose handlers ran in it, including cancelled ones; at most 8. As the client sent them. */
      readonly running?: readonly string[];
    },
  ];
  /** A server's code was read again. */
  'server-reloaded': [
    {
      readonly server: string;
      readonly result: ReloadResult;
      /** The version that is served now: 1 is the one with which the gateway started; 0 if none is. */
      readonly version: number;
      readonly cause: ReloadCause;
      /** The lists that differ between both versions. */
      readonly changed: readonly ListKind[];
      readonly durationMs: number;
      /** Why the new version cannot be served. */
      readonly error: string | undefined;
      /** Several lines about the author's file that is at fault, if that is known. */
      readonly where: string | undefined;
    },
  ];
  /** A server that has just started has answered to `initialize` and the lists. */
  'lists-learned': [{ readonly server: string; readonly outcome: LearnedOutcome }];
  /** Lines on a program's stdout that were no messages. */
  'lines-skipped': [{ readonly context: SessionContext | undefined; readonly lines: number }];
  /**
   * A thread was told to terminate and still exists after the deadline, because a native call cannot be interrupted.
   */
  'thread-stuck': [
    {
      readonly thread: number;
      readonly isolation: Isolation;
      readonly context: SessionContext | undefined;
      /** As in `thread-exited`. */
      readonly running?: readonly string[];
    },
  ];
  /** All metrics that the module has registered in one thread. Each report replaces the previous one of that thread. */
  'thread-metrics': [{ readonly thread: number; readonly metrics: MetricSnapshot }];
  'stream-opened': [{ readonly kind: StreamKind }];
  'stream-closed': [{ readonly kind: StreamKind; readonly stalled: boolean }];
  /** A client resumed a stream with Last-Event-ID. `lost`: the event log no longer had what it asked for. */
  'stream-resumed': [{ readonly kind: StreamKind; readonly replayed: number; readonly lost: boolean }];
  /** Events left the bounded event log before any client received them. */
  'events-dropped': [{ readonly context: SessionContext; readonly events: number }];
  /** A client's response that matches no request of its server. */
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
  /** What a dead gateway had left behind: processes were ended, folders for temporary files removed. */
  'leftovers-ended': [{ readonly processes: number; readonly folders: number }];
  /** The logger of an embedding program threw, or its promise rejected: the line is lost. */
  'logger-failed': [{ readonly message: string }];
  /** What an operator should know and no other event reports. */
  notice: [
    {
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    },
  ];
}

/** Listeners for the events that a subscriber wants. */
export type GatewayListeners = {
  readonly [Name in keyof GatewayEvents]?: (event: GatewayEvents[Name][0]) => void;
};

/** How many failures of listeners are reported in each window, because a listener may run for each request. */
const REPORTS_PER_WINDOW = 5;
const REPORT_WINDOW_MS = 10_000;

/**
 * Emits the events. Listeners of an embedding program are called in the middle of a session's work. If one throws, or
 * its promise rejects, a notice reports it; the session and the other listeners are not affected.
 */
export class GatewayEmitter extends EventEmitter<GatewayEvents> {
  readonly #reports = new AdmissionWindow(REPORTS_PER_WINDOW, REPORT_WINDOW_MS);
  #reporting = false;

  override emit<Name>(
    name: Name | keyof GatewayEvents,
    ...args: Name extends keyof GatewayEvents ? GatewayEvents[Name] : never
  ): boolean {
    const event = name as keyof GatewayEvents;
    // Without a listener, `rawListeners` would still create an array.
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

  /** Adds the listeners, and returns a function that removes exactly these. */
  subscribe(listeners: GatewayListeners): () => void {
    const entries = Object.entries(listeners) as [keyof GatewayEvents, (event: unknown) => void][];
    for (const [name, listener] of entries) this.on(name, listener);
    return () => {
      for (const [name, listener] of entries) this.off(name, listener);
    };
  }

  #failed(name: keyof GatewayEvents, error: unknown): void {
    // A listener of `notice` that fails each time must not be called about its own failure.
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
