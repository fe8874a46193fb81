/** One HTTP response that carries a stream, as `message-stream.ts` sees it. `transports/http/` implements it. */
import type { StartFailure } from './start-failure.js';

export interface StreamConnection {
  /** The object that is told what happens to the connection. */
  owner: ConnectionOwner | undefined;
  /**
   * Answers with one JSON body and ends. Only before `open`. `false` if bytes still have to leave: `onDrain` follows.
   * @param failure the code of the error that the body is, as text
   */
  answer(body: string, failure?: string): boolean;
  /** Answers that the session could not start, and ends. Only before `open`. */
  fail(failure: StartFailure): void;
  /**
   * Answers that nothing will come (204): clients do not open such a stream again (WHATWG HTML, 9.2.3). Only before
   * `open`.
   */
  nothing(): void;
  /**
   * Becomes an SSE stream: headers, `retry:`, and an empty event with this id if there is one. Without arguments, nothing
   * but headers: such a stream cannot be resumed.
   */
  open(primingId?: string, retryMs?: number): void;
  /** Writes one event; `false` if the client does not read fast enough: `onDrain` follows. */
  write(id: string | undefined, body: string): boolean;
  /** Ends the response after what was written. `onClose` does not follow. `false` as for `answer`. */
  end(): boolean;
}

/** Who writes to the connection. */
export interface ConnectionOwner {
  /** What was written has left, or never will. May come without having been announced. */
  onDrain(connection: StreamConnection): void;
  /** The peer is gone, or the connection was closed because the peer did not read. Comes at most once. */
  onClose(connection: StreamConnection): void;
  /** The client's credential has expired: the last moment to write something. `onClose` follows. */
  onExpired?(connection: StreamConnection): void;
}
