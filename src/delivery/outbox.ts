/**
 * What a session sees of its way to the client: an outbox, and the streams that its messages go to. Whether such a stream is
 * a JSON body, an SSE stream, or the lines of a pipe, is known to who implements these: `session-streams.ts` for HTTP.
 */
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import type { RejectionReason, StreamKind } from '../telemetry/events.js';
import type { EventCursor } from './event-id.js';
import type { StartFailure } from './start-failure.js';
import type { StreamConnection } from './stream-connection.js';

/** What the client of a lost stream can do about it. */
export interface StreamLoss {
  /** The client can't be reached in any other way: the session is over. */
  readonly final: boolean;
  /** The client holds an event id, by which it can take the stream up again. */
  readonly resumable: boolean;
  /** How long the client was told to wait before it comes back, in milliseconds. */
  readonly pauseMs: number;
}

/** Where the responses to some requests go, and what belongs to these requests; or what belongs to none. */
export interface ResponseStream {
  /** The requests that it was opened for; none where it was opened for no request. */
  readonly requestIds: readonly RequestId[];
  /** Whether messages go out as they come. Until then the client hears nothing but the responses. */
  readonly streaming: boolean;
  /**
   * Sends one message. After the response to its last request the stream ends.
   * @param answers the request that it is the response to
   * @param chars what the owner is told of by `onFlushed` once it has left
   */
  send(body: string, answers: RequestId | undefined, chars: number): void;
  /** Answers `initialize`, where the session could not start. */
  fail(failure: StartFailure, answers: RequestId): void;
  /** The session has started: messages need not wait for the response any more. */
  mayStream(): void;
  /** Lets go of the client, which is expected to come back for the rest (SEP-1699). */
  closeOnPurpose(): void;
  /** Nothing more comes. */
  end(): void;
}

export interface Outbox {
  /** For what belongs to no request. */
  readonly standalone: ResponseStream;
  /** Whether the client has ever listened to it. */
  readonly listened: boolean;
  /** Streams that have a connection now. */
  readonly connections: number;
  /** Characters that a slow reader has not taken. */
  readonly bufferedChars: number;
  /** Open streams, for the snapshot. */
  counts(): Record<StreamKind, number>;
  /**
   * Opens the stream of some requests that came together.
   * @param starting it is `initialize`: nothing may go out before `mayStream`, since the session may fail to start.
   * @param connection `undefined` where the client has one stream for everything
   */
  respond(
    requestIds: readonly RequestId[],
    batch: boolean,
    starting: boolean,
    connection: StreamConnection | undefined,
  ): ResponseStream;
  /** The client listens to what belongs to no request; whoever listened before is let go. */
  listen(connection: StreamConnection): void;
  /** @returns the stream that goes on, if the cursor is of one that does. */
  resume(cursor: EventCursor, connection: StreamConnection): ResponseStream | undefined;
  /** A request was answered with an error, not taken. */
  rejected(reason: RejectionReason): void;
  /** Whether this response answers what the outbox itself has asked the client. */
  asked(id: RequestId | undefined): boolean;
  /** The worker that sent what is still here is gone: `onFlushed` is not to tell its successor. */
  voidCredit(): void;
  /** Forgets what clients have had time enough to come back for. */
  prune(nowMs: number): void;
  /** Ends all streams. */
  end(): void;
}

/** The session, as its outbox knows it. */
export interface OutboxOwner {
  readonly context: SessionContext;
  /** So many characters have left, or never will. */
  onFlushed(chars: number): void;
  /** From now on its messages go out as they come. */
  onStreaming(stream: ResponseStream): void;
  /** Its connection is gone, and it has not ended. */
  onLost(stream: ResponseStream, loss: StreamLoss): void;
  /** JSON-RPC notifications for a client that listens where messages have been lost; none, where nothing can be told. */
  gapNotices(): readonly string[];
}

/** Makes the outboxes of one way to clients. */
export interface OutboxSource {
  outboxFor(owner: OutboxOwner): Outbox;
}
