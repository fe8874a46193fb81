/** What every way to a server needs. */
import type { Answers } from '../questions/answers.js';

export interface ClientOptions {
  /** The version that the client says it has. */
  readonly version: string;
  /** For the connection, and for each request; while a person answers a question, it stands still. */
  readonly timeoutMs: number;
  /** Aborts whatever is in progress. */
  readonly signal: AbortSignal;
  /** Answers what the server asks; `undefined`: the client says that it cannot be asked. */
  readonly answers: Answers | undefined;
}

export interface HttpOptions extends ClientOptions {
  readonly url: URL;
  /** Sent with every request; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
}
