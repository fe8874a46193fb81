/**
 * What the main thread says to a session's worker. JSON-RPC travels as the text that was received: the main thread has parsed
 * it once to classify it.
 *
 * Nothing here names how it travels: what a kind of worker shares beyond messages is its own business (`thread-start.ts`). How a
 * message is posted is in `codec.ts`.
 */
import type { HandleTools } from '../handle-tools.js';
import type { ListView } from '../list-view.js';
import type { RequestId } from '../request-id.js';
import type { SessionContext } from '../session-context.js';

export type ToWorkerFrame =
  | IntroduceFrame
  | EnvironmentFrame
  | ClaimFrame
  | ViewFrame
  | MessageFrame
  | ResumeFrame
  | CancelFrame
  | CreditFrame
  | PingFrame
  | CodeCacheRequestFrame
  | SleepFrame
  | EndFrame;

/**
 * Send the server `initialize` ahead of a session, which will have begun with the same parameters. Sent at most once, before
 * `claim`, to a worker that runs a program.
 */
interface IntroduceFrame {
  readonly type: 'introduce';
  /** JSON. */
  readonly params: string;
}

/**
 * Start the program, with these variables besides its own. Sent once, before `claim`, to a worker whose program is started only
 * when it is known for whom. They may be secrets.
 */
interface EnvironmentFrame {
  readonly type: 'environment';
  readonly variables: Readonly<Record<string, string>>;
}

/** The worker belongs to this session from now on: run the module's `setup`. Sent once, before any message of the client. */
export interface ClaimFrame {
  readonly type: 'claim';
  readonly context: SessionContext;
  /** `session.state` as earlier workers of the session left it; `undefined`: nothing is stored. */
  readonly state: StateBlock | undefined;
  /** Messages that an earlier worker of the session saw; delivered first, their answers swallowed. */
  readonly replay: readonly string[];
  /** Where this worker's own JSON-RPC ids begin, so that they never repeat an earlier one's. */
  readonly firstRequestId: number;
  /** For a compartment of a server with affinity `handle`: what is added to its tools. */
  readonly handleTools: HandleTools | undefined;
}

/** The next message is a request for a list, and its caller sees only a part of that. */
export interface ViewFrame {
  readonly type: 'view';
  readonly requestId: RequestId;
  readonly view: ListView;
}

/** One JSON-RPC message of the client, as it comes and in that order. */
export interface MessageFrame {
  readonly type: 'message';
  /** A request's gateway-wide unique id, without a line break; empty for notifications and responses. */
  readonly key: string;
  /** JSON. */
  readonly body: string;
  /** A tool call that the SDK's schema would let pass as it is: the fast path may serve it. */
  readonly fastPath: boolean;
  /**
   * A request of the stateless era. Main thread and worker know it by `key`, because ids of different clients may be equal;
   * the worker answers with the client's own id, which is in `body`.
   */
  readonly stateless: boolean;
}

/** The client calls again with what a parked request has asked for (2026-07-28, Multi Round-Trip Requests). */
export interface ResumeFrame {
  readonly type: 'resume';
  /** The key of the parked request. */
  readonly key: string;
  /** JSON: the new request, with an id of its own, and `params.inputResponses`. */
  readonly body: string;
}

/** Abort the handler of this request: its client has cancelled it, is gone, or it took too long. */
interface CancelFrame {
  readonly type: 'cancel';
  readonly requestId: RequestId;
  readonly reason: string;
}

/** So much of what the worker sent has left the main thread, or never will: its window opens again. */
interface CreditFrame {
  readonly type: 'credit';
  /** Characters of `send` bodies. */
  readonly chars: number;
}

/** Answer with `pong`: proof that the event loop turns. Sent with each `cancel`, and while a cancelled handler goes on. */
interface PingFrame {
  readonly type: 'ping';
}

/** Answer with V8's code caches, for workers to come. Sent to the one that tries the server module out at start. */
interface CodeCacheRequestFrame {
  readonly type: 'code-cache';
}

/**
 * Nothing has been asked of the session for a while, or others need workers: run the module's `onSleep` and answer `ended`, or
 * `stay-awake` where something goes on.
 */
interface SleepFrame {
  readonly type: 'sleep';
  /** Stay awake only where a handler runs: another version of the server takes its place. */
  readonly insists: boolean;
}

/** The session ends: abort `session.signal`, let handlers settle, answer `ended`. */
interface EndFrame {
  readonly type: 'end';
  readonly reason: string;
}

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
