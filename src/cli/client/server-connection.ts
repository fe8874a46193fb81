/** How the commands that try a server talk to it, whatever the era and the way to it. */

import { CommandFailure } from '../failure.js';
import type { InputRequired } from '../questions/input-requests.js';

/** The result of a request as the server sent it. */
export type Result = Readonly<Record<string, unknown>>;

/** A JSON-RPC error. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What a server says of itself. */
export interface ServerFacts {
  /** `undefined` where the server gives none. */
  readonly name: string | undefined;
  readonly title: string | undefined;
  readonly version: string | undefined;
  readonly instructions: string | undefined;
  readonly protocolVersion: string;
  /** Its capabilities, of which the keys count here: `tools`, `resources`, `prompts`. */
  readonly capabilities: Readonly<Record<string, unknown>>;
}

export interface ServerRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** What is asked for, for messages: a tool, an address, a method. */
  readonly subject: string;
  /** The tool's input schema, which in the stateless era names arguments that headers repeat. */
  readonly inputSchema?: unknown;
}

export interface ServerConnection {
  readonly facts: ServerFacts;
  /**
   * Sends a request, and shows its progress on stderr. What the server asks meanwhile is answered.
   * @throws {ServerError} if the server answers with an error
   * @throws {InputNeeded} if the server asks something that nobody can answer
   * @throws {CommandFailure} if there is no answer
   */
  request(request: ServerRequest): Promise<Result>;
  /** Closes everything. */
  end(): Promise<void>;
}

/** The server answered with an error. */
export class ServerError extends CommandFailure {
  readonly error: RpcError;

  constructor(sentence: string, error: RpcError, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'ServerError';
    this.error = error;
  }
}

/** The server wants to know something first, and neither a flag nor a person answers. */
export class InputNeeded extends Error {
  readonly asked: InputRequired;

  constructor(subject: string, asked: InputRequired, options?: ErrorOptions) {
    super(`${subject} asks for input.`, options);
    this.name = 'InputNeeded';
    this.asked = asked;
  }
}
