/** How a client session's messages travel: the two transports of the specification look alike from here. */
import type { LoadFailure } from './failure-kind.js';

/** Where a wire tells what it got. */
export interface WireListener {
  /** A JSON-RPC message, as text. */
  onMessage(text: string, eventStream: boolean): void;
  /** The request with this id gets no answer any more. */
  onRequestFailed(id: string, failure: LoadFailure): void;
  /** Whether an answer to this request is still waited for. */
  isWaiting(id: string): boolean;
  /** The stream that carries the server's own messages ended, and is opened again. */
  onStreamClosed(): void;
  /** The server knows the session no more. */
  onForgotten(failure: LoadFailure): void;
}

export interface Wire {
  /** Prepares the way for `initialize`. @throws {LoadFailure} */
  connect(): Promise<void>;
  /** Sends a request; the listener hears of its answer. */
  request(id: string, body: string): void;
  /** Sends a notification or a response. @throws {LoadFailure} when it is not accepted. */
  notify(body: string): Promise<void>;
  /** The protocol version that `initialize` has settled on. */
  useVersion(version: string): void;
  /** Opens the stream for the server's own messages. @throws {LoadFailure} */
  listen(): Promise<void>;
  /** Breaks off what waits for this request. */
  abandon(id: string): void;
  /** Says goodbye as the transport has it. @throws {LoadFailure} */
  end(): Promise<void>;
  /** Cuts all connections. */
  destroy(): Promise<void>;
}
