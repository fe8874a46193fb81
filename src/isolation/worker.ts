/**
 * A worker: what one session's server runs in, seen from the main thread. A session knows a worker only by this
 * interface. The folder that implements it knows whether it is a thread or a process, and how messages reach it.
 *
 * A worker starts, and is ready once the server module is loaded. A session claims it and posts messages to it. The
 * session ends it or lets it fall asleep, which the worker may refuse; or the worker dies. `gone` is the one signal of
 * its death, and comes when nothing of it is left. The steps of the kill ladder are `cancel` (one request), `end` (all
 * of them) and `kill`.
 */

import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type {
  InputRequiredFrame,
  ListsFrame,
  ModuleTraits,
  SendFrame,
} from '../shared/frames/from-worker.js';
import type { StateBlock } from '../shared/frames/to-worker.js';
import type { HandleTools } from '../shared/handle-tools.js';
import type { ListView } from '../shared/list-view.js';
import type { RequestId } from '../shared/request-id.js';
import type { RequestTrace } from '../shared/request-trace.js';
import type { SessionContext } from '../shared/session-context.js';
import type { ThreadExitCause } from '../telemetry/events.js';
import type { ThreadSnapshot } from '../telemetry/snapshot.js';
import type { WorkerState } from './worker-states.js';

export interface SessionWorker {
  /** The gateway's own number, never used twice. */
  readonly id: number;
  readonly state: WorkerState;
  /** Resolves when the server module is loaded and the worker is a spare; rejects with the exit's message. */
  readonly ready: Promise<void>;
  /** Resolves when nothing of it is left except child processes. */
  readonly gone: Promise<WorkerExit>;
  /** What the server module declares about itself; known when the worker is ready. */
  readonly traits: ModuleTraits | undefined;
  /** The parameters with which its server was sent `initialize` ahead of its session, as JSON. */
  readonly introduction: string | undefined;
  /** It runs an earlier version of its server. */
  readonly outdated: boolean;
  /** It is outdated, and its session should give it back for another one. */
  readonly givesWay: boolean;
  /** Whether it has no work that is known: no handler, not even a cancelled one, and no hold. */
  readonly idle: boolean;
  /** Whether `setup` or a handler runs in it. The handler may have been cancelled. */
  readonly busy: boolean;
  /** Whether a hold, a task or a child process needs it. */
  readonly held: boolean;
  /** Whether it runs a handler that has not been cancelled. */
  readonly serving: boolean;
  /** Characters of messages that it was sent and has not read. */
  readonly unreadChars: number;
  /** Heap and Buffers, as of the last report. */
  readonly memoryBytes: number;
  /**
   * Reads how much processor time it has used, in milliseconds, with the processes that it has started as far as they are
   * known; 0 where the system does not say. What it had used when it was killed, once it is gone.
   */
  readProcessorMs(): number;
  /** The session that has claimed it. */
  readonly sessionId: string | undefined;
  /**
   * Sends `initialize` ahead of a session, whose client must have begun with the same parameters.
   * @param params as JSON
   * @throws {Error} if it is not a spare
   */
  introduce(params: string): void;
  /**
   * Starts its program, with these variables besides its own. Only for a worker whose program is started for a principal; does
   * nothing if it is no spare any more.
   */
  startProgram(variables: Readonly<Record<string, string>>): void;
  /**
   * Binds it to its one session.
   * @throws {Error} if it is not a spare: whoever gets one from the pool must claim it at once, or leave it
   */
  claim(owner: WorkerOwner, claim: WorkerClaim): void;
  /** Sends a message of the client. Messages are read in the order in which they are posted. */
  post(message: PostedMessage): void;
  /** This many characters of its output have been delivered or discarded. */
  credit(chars: number): void;
  /** First step of the kill ladder for one request. Its answer is no longer needed. */
  cancel(requestId: RequestId, reason: string): void;
  /**
   * Its session has no work: the module may save its state, then the worker ends, unless it has work after all.
   * @param insists only a handler that runs is such work: holds, child processes and open questions are not
   */
  sleep(insists?: boolean): void;
  /** First step of the kill ladder for the whole worker: its session ends. */
  end(reason: string): void;
  /** Last step: it dies. Does nothing if it is already dying. */
  kill(cause: ThreadExitCause, message: string): void;
  /** Whether the handler of this request has not settled. The request may have been cancelled long ago. */
  runs(requestId: RequestId): boolean;
  snapshot(): ThreadSnapshot;
}

/** A client whose `initialize` has been answered. */
export interface IntroducedClient {
  /** Its parameters as JSON. */
  readonly introduction: string;
}

/** What a new worker is told about its session. */
export interface WorkerClaim {
  /** `session.state` as earlier workers left it; `undefined`: nothing is stored. */
  readonly state: StateBlock | undefined;
  /**
   * Messages that an earlier worker of the session received. They are delivered first, and their answers are discarded.
   */
  readonly replay: readonly string[];
  /** The start of this worker's own JSON-RPC ids, so that no id of an earlier worker is repeated. */
  readonly firstRequestId: number;
  /** For a compartment of a server with affinity `handle`: what is added to its tools. */
  readonly handleTools?: HandleTools | undefined;
}

/** What the session that has claimed a worker is told. */
export interface WorkerOwner {
  readonly context: SessionContext;
  /**
   * The module's `setup` has ended. `declared`: what its server has said in a replay. `hiddenSchemas`, in a trial: tools
   * whose input schema no client is shown.
   */
  onClaimed(declared?: DeclaredNotifications, hiddenSchemas?: readonly string[]): void;
  onSend(frame: SendFrame): void;
  /** The handler of a stateless request waits for its client. */
  onInputRequired(frame: InputRequiredFrame): void;
  /** What its server answers to `initialize` and to the lists. */
  onLists(frame: ListsFrame): void;
  onCloseStream(requestId: RequestId | undefined): void;
  /** No handler of a cancelled request, hold, task or child process needs the worker any more. */
  onReleased(): void;
  /** It was told to sleep, but has work. */
  onStayAwake(): void;
  /** The module has closed its server: it will not answer anything any more. */
  onServerClosed(): void;
  onState(key: string, value: Uint8Array | undefined): void;
  /**
   * Comes exactly once, as the last call. The worker has never read `unread`, so these messages may be sent to the next
   * one. Returns how many requests were lost.
   * @param blamed tools and methods that may be the reason why it died or had to be killed
   */
  onExit(exit: WorkerExit, unread: readonly PostedMessage[], blamed?: readonly string[]): number;
}

export interface WorkerExit {
  readonly cause: ThreadExitCause;
  /** One sentence for the client whose request was lost. */
  readonly message: string;
  /** It never started, because the system had no thread, descriptor or memory for it. */
  readonly shortage?: boolean;
  /** The stack of what was thrown, if it crashed or failed to start. */
  readonly stack?: string | undefined;
}

/** A request for a session's worker. */
export interface PostedRequest {
  readonly requestId: RequestId;
  /** The tool's name for `tools/call`, otherwise the method; cut to a maximum length. */
  readonly operation: string;
  /** The id that is unique in the whole gateway. */
  readonly key: string;
  readonly body: string;
  /** See `ClientRequest`. */
  readonly fastPath: boolean;
  /** It is of the stateless era: `requestId` is `key`, and the client's own id is only in `body`. */
  readonly stateless: boolean;
  /** What its caller sees of the list that it asks for; `undefined`: all of it. */
  readonly view?: ListView | undefined;
  /** Who follows it to its end. */
  readonly trace?: RequestTrace | undefined;
}

/** What a session's worker is sent from its client. */
export type PostedMessage =
  | PostedRequest
  /**
   * A notification or a response. `own`: it must not be sent to another worker of the session. `resumes`: it is a request
   * that continues the parked one with this key.
   */
  | {
      readonly requestId: undefined;
      readonly body: string;
      readonly own?: boolean;
      readonly resumes?: string;
    };
