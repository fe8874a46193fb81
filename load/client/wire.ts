/** How a client session's messages are sent: the two transports of the specification have the same interface. */
import type { LoadFailure } from './failure-kind.js';

/** The receiver of what arrives on a wire. */
export interface WireListener {
  /** A JSON-RPC message, as text. */
  onMessage(text: string, eventStream: boolean): void;
  /** The request with this id will not be answered any more. */
  onRequestFailed(id: string, failure: LoadFailure): void;
  /** Whether somebody still waits for the answer to this request. */
  isWaiting(id: string): boolean;
  /** The stream for the server's own messages ended, and is opened again. */
  onStreamClosed(): void;
  /** The server no longer knows the session. */
  onForgotten(failure: LoadFailure): void;
}

export interface Wire {
  /** Prepares for `initialize`. @throws {LoadFailure} */
  connect(): Promise<void>;
  /** Sends a request; the listener receives the answer. */
  request(id: string, body: string): void;
  /** Sends a notification or a response. @throws {LoadFailure} if it is not accepted */
  notify(body: string): Promise<void>;
  /** Sets the protocol version that was negotiated in `initialize`. */
  useVersion(version: string): void;
  /** Opens the stream for the server's own messages. @throws {LoadFailure} */
  listen(): Promise<void>;
  /** Stops waiting for the answer to this request. */
  abandon(id: string): void;
  /** Ends the session in the way of the transport. @throws {LoadFailure} */
  end(): Promise<void>;
  /** Cuts all connections. */
  destroy(): Promise<void>;
}
