/**
 * A worker: what one session's server runs in, seen from the main thread. A session knows nothing else of it: whether it is
 * a thread or a process, and how messages get there, is the business of the folder that implements this.
 *
 * Its life: it starts, and is ready once the server module is loaded; a session claims it and posts messages; the session
 * ends it, or lets it fall asleep, which it may refuse; or it dies. `gone` is the one signal of its death, and comes when
 * nothing of it is left. The steps of the kill ladder are `cancel` (one request), `end` (all of them) and `kill`.
 */

import type { ModuleTraits, SendFrame } from '../shared/frames/from-worker.js';
import type { StateBlock } from '../shared/frames/to-worker.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import type { ThreadExitCause } from '../telemetry/events.js';
import type { ThreadSnapshot } from '../telemetry/snapshot.js';
import type { WorkerState } from './worker-states.js';

export interface SessionWorker {
  /** The gateway's own number, never used twice. */
  readonly id: number;
  readonly state: WorkerState;
  /** Settles when the server module is loaded and the worker is a spare, or rejects with the exit's message. */
  readonly ready: Promise<void>;
  /** Resolves when nothing of it is left but child processes. */
  readonly gone: Promise<WorkerExit>;
  /** What the server module says of itself; known when the worker is ready. */
  readonly traits: ModuleTraits | undefined;
  /** Whether nothing is known that goes on in it: a handler, cancelled ones among them, or a hold. */
  readonly idle: boolean;
  /** Characters of messages that it has been sent and not read. */
  readonly unreadChars: number;
  /** Heap and Buffers, as last seen. */
  readonly memoryBytes: number;
  /** Whose it is, once a session has claimed it. */
  readonly sessionId: string | undefined;
  /**
   * Binds it to its one session.
   * @throws {Error} where it is no spare: who gets one from the pool claims it at once, or lets it be
   */
  claim(owner: WorkerOwner, claim: WorkerClaim): void;
  /** A message of the client; they are read in this order. */
  post(message: PostedMessage): void;
  /** So much of what it sent has been delivered, or thrown away. */
  credit(chars: number): void;
  /** First step of the ladder for one request; its answer is of no more interest. */
  cancel(requestId: RequestId, reason: string): void;
  /** Its session has no work for it: the module may tidy up, then it goes, unless something goes on in it. */
  sleep(): void;
  /** First step of the ladder for the whole worker: its session ends. */
  end(reason: string): void;
  /** Last step: it dies. Harmless when it is dying already. */
  kill(cause: ThreadExitCause, message: string): void;
  /** Whether the handler of this request has not settled, though the request may have been cancelled long ago. */
  runs(requestId: RequestId): boolean;
  snapshot(): ThreadSnapshot;
}

/** What a fresh worker is told of its session. */
export interface WorkerClaim {
  /** `session.state` as earlier workers left it; `undefined`: nothing is stored. */
  readonly state: StateBlock | undefined;
  /** Messages that an earlier worker of the session saw; delivered first, their answers swallowed. */
  readonly replay: readonly string[];
  /** Where this worker's own JSON-RPC ids begin, so that they never repeat an earlier one's. */
  readonly firstRequestId: number;
}

/** What the session that has claimed a worker is told. */
export interface WorkerOwner {
  readonly context: SessionContext;
  /** The module's `setup` is done. */
  onClaimed(): void;
  onSend(frame: SendFrame): void;
  onCloseStream(requestId: RequestId | undefined): void;
  /** No hold, task or child process needs the worker any more. */
  onReleased(): void;
  /** It was told to sleep and has something that goes on. */
  onStayAwake(): void;
  /** The module has closed its server: nothing will be answered any more. */
  onServerClosed(): void;
  onState(key: string, value: Uint8Array | undefined): void;
  /**
   * Comes exactly once; nothing comes after it. The worker has never read `unread`, which the next one can be given.
   * How many requests were lost is returned.
   */
  onExit(exit: WorkerExit, unread: readonly PostedMessage[]): number;
}

export interface WorkerExit {
  readonly cause: ThreadExitCause;
  /** One sentence for the client whose request was lost. */
  readonly message: string;
  /** It never started because the system had no thread, descriptor or memory for it. */
  readonly shortage?: boolean;
  /** Of what was thrown, where it crashed. */
  readonly stack?: string | undefined;
}

/** A request for a session's worker. */
export interface PostedRequest {
  readonly requestId: RequestId;
  /** The tool's name for `tools/call`, else the method; cut. */
  readonly operation: string;
  /** The gateway-wide unique id. */
  readonly key: string;
  readonly body: string;
  /** See `ClientRequest`. */
  readonly fastPath: boolean;
}

/** What a session's worker is sent of its client. */
export type PostedMessage =
  | PostedRequest
  /** A notification or a response; `own`: nothing for another worker of the session. */
  | { readonly requestId: undefined; readonly body: string; readonly own?: boolean };
