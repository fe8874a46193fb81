/**
 * What a session sees of the way to its client: an outbox, and the streams to which its messages go. Only the
 * implementation knows whether such a stream is a JSON body, an SSE stream, or the lines of a pipe:
 * `session-streams.ts` for HTTP.
 */
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import type { SessionStreamKind } from '../telemetry/events.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import type { EventCursor } from './event-id.js';
import type { StartFailure } from './start-failure.js';
import type { StreamConnection } from './stream-connection.js';

/** What the client of a lost stream can do about it. */
export interface StreamLoss {
  /** The client cannot be reached in any other way: the session is over. */
  readonly final: boolean;
  /** The client holds an event id with which it can resume the stream. */
  readonly resumable: boolean;
  /** How long the client was told to wait before it comes back, in milliseconds. */
  readonly pauseMs: number;
}

/**
 * A stream for the responses to some requests and everything that belongs to these requests, or a stream for what
 * belongs to no request.
 */
export interface ResponseStream {
  /** The requests for which it was opened; none if it was opened for no request. */
  readonly requestIds: readonly RequestId[];
  /** Whether messages are sent as they come. Until then the client receives only the responses. */
  readonly streaming: boolean;
  /**
   * Sends one message. After the response to its last request the stream ends.
   * @param answers the request to which it is the response
   * @param chars the number that `onFlushed` reports to the owner when the message has left
   * @param failure the code of the error, as text, if it is a response that failed
   */
  send(body: string, answers: RequestId | undefined, chars: number, failure?: string): void;
  /** Answers `initialize` if the session could not start. */
  fail(failure: StartFailure, answers: RequestId): void;
  /** The worker has started: messages do not have to wait for the response any more. */
  mayStream(): void;
  /** Closes the connection; the client is expected to come back for the rest (SEP-1699). */
  closeOnPurpose(): void;
  /** Nothing more is sent. */
  end(): void;
}

export interface Outbox {
  /** The stream for what belongs to no request. */
  readonly standalone: ResponseStream;
  /** Whether the client has ever opened the standalone stream. */
  readonly listened: boolean;
  /** Streams that have a connection now. */
  readonly connections: number;
  /** Characters that a slow reader has not received. */
  readonly bufferedChars: number;
  /** Open streams, for the snapshot. */
  counts(): Record<SessionStreamKind, number>;
  /**
   * Opens the stream of some requests that came together.
   * @param starting nothing should be sent before `mayStream`: the request is `initialize`, and the session may fail to
   *   start; or its answer may have a status of its own, and nobody is there yet to give it
   * @param connection `undefined` if the client has one stream for everything
   */
  respond(
    requestIds: readonly RequestId[],
    batch: boolean,
    starting: boolean,
    connection: StreamConnection | undefined,
  ): ResponseStream;
  /** The client opens the standalone stream. It replaces an earlier connection. */
  listen(connection: StreamConnection): void;
  /** @returns the stream that continues, if the cursor belongs to one that does */
  resume(cursor: EventCursor, connection: StreamConnection): ResponseStream | undefined;
  /** A request was not accepted, and answered with an error. */
  rejected(reason: RejectionReason): void;
  /** Whether this response answers a question of the outbox itself. */
  asked(id: RequestId | undefined): boolean;
  /** The worker that sent what is still here is gone: `onFlushed` must not report it to its successor. */
  voidCredit(): void;
  /** Drops what clients have had enough time to come back for. */
  prune(nowMs: number): void;
  /** Ends all streams. */
  end(): void;
}

/** The session, as its outbox sees it. */
export interface OutboxOwner {
  readonly context: SessionContext;
  /** This many characters have left, or never will. */
  onFlushed(chars: number): void;
  /** From now on the messages of this stream are sent as they come. */
  onStreaming(stream: ResponseStream): void;
  /** The connection of this stream is gone, and the stream has not ended. */
  onLost(stream: ResponseStream, loss: StreamLoss): void;
  /** JSON-RPC notifications for a client whose messages have been lost; empty if nothing can be said. */
  gapNotices(): readonly string[];
}

/** Creates the outboxes of one way to clients. */
export interface OutboxSource {
  outboxFor(owner: OutboxOwner): Outbox;
}
