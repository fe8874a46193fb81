/** The MCP server of one session, as the session's host sees it: the same for every kind of server. */
import type { Session } from '../../src/shared/define-server.js';
import type { MessageFrame, ResumeFrame } from '../../src/shared/frames/to-worker.js';
import type { UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import type { HandleTools } from '../../src/shared/handle-tools.js';
import type { RequestId } from '../../src/shared/request-id.js';
import type { ListInquiry } from '../list-inquiry.js';
import type { ListViews } from '../list-views.js';
import type { TextResponse } from '../text-response.js';
import type { ToolView } from '../tool-rules.js';
import type { Run } from './current-request.js';
import type { Holds } from './holds.js';
import type { PacedFrame } from './send-window.js';

export interface SessionServer {
  /** Whether a handler runs, or something has not reached the client. */
  readonly busy: boolean;
  /** Tools whose input schema no client is shown, as far as the server can be looked into. */
  readonly hiddenSchemas: readonly string[];
  /** What it is connected to. */
  readonly transport: SessionTransport;
  /**
   * Sets the module's server up and connects it. Resolves `false` if the module has closed it meanwhile.
   * @throws what the module throws
   */
  start(session: Session): Promise<boolean>;
  /** Closes the server, which aborts every handler. Resolves when none runs any more. */
  close(): Promise<void>;
}

/** The server's side of the connection to its client. */
export interface SessionTransport {
  /** Whether a message of the server waits for the client's answer. */
  readonly asks: boolean;
  /**
   * Passes a message on that an earlier thread of this session has already received. Resolves when it would be
   * answered, with the answer.
   */
  replay(body: string): Promise<TextResponse | undefined>;
  /** Passes one message of the client on. The main thread has checked and classified it. */
  deliver(frame: MessageFrame): void;
  /** The client continues a call of the stateless era whose handler waits for it. */
  resume(frame: ResumeFrame): void;
  /** Aborts a request's handler, as if its client had sent `notifications/cancelled`. */
  cancel(requestId: RequestId, reason: string): void;
  /** This many characters have left the main thread. */
  credit(chars: number): void;
}

/** The session that a server's transport belongs to. */
export interface TransportOwner {
  /** The stack of what a handler threw, if the log shows it. */
  stackOf(thrown: unknown): string | undefined;
  /** The option `fast-path`. */
  readonly fastPath: boolean;
  /** `undefined`: the client sees the tools as they are. */
  readonly tools: ToolView | undefined;
  /** What callers see of lists that they do not see in whole. */
  readonly views: ListViews;
  /** Asks the server for its lists; `undefined` if they are not learned. */
  readonly lists: ListInquiry | undefined;
  /** A client of the stateless era is given this list of tools. */
  given(tools: unknown): void;
  /** What is added to the tools of a server with affinity `handle`, in the stateless era. */
  readonly handleTools: HandleTools | undefined;
  /** What a request that is over has left behind, where that matters; `undefined`: nothing. */
  left(): readonly string[] | undefined;
  /** It may block, where the main thread has too much of what nobody has asked for. */
  post(frame: PacedFrame | UnpacedFrame): void;
  /** The server has closed the transport, and the session must end. */
  onClosed(): void;
}

/** The session that a server belongs to. */
export interface SessionServerOwner extends TransportOwner {
  readonly holds: Holds;
  /** The handler of this request has settled. */
  onSettled(run: Run): void;
  /** Something went wrong that no answer tells of. */
  onError(error: Error): void;
}
