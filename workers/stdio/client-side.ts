/** What differs between the eras of a program's clients, which the program, that speaks the session era, does not notice. */
import type { InputRequiredFrame, SendFrame } from '../../src/shared/frames/from-worker.js';
import type { MessageFrame, ResumeFrame } from '../../src/shared/frames/to-worker.js';
import type { RequestId } from '../../src/shared/request-id.js';
import type { LargeLineContext } from './large-line.js';
import type { ServerNotification, ServerRequest, ServerResponse } from './server-message.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A message of the client, and its text. */
export interface ArrivedMessage {
  readonly message: Fields;
  /** JSON. */
  readonly body: string;
}

export interface ClientSide {
  /** Whether the program waits for an answer of its client. */
  readonly asked: boolean;
  /** What a large line of the program must be read with elsewhere. */
  readonly largeLineContext: LargeLineContext;
  /** A message of the client, as the program receives it; `undefined` if it does not. */
  arrived(frame: MessageFrame): ArrivedMessage | undefined;
  /**
   * A response of the client to the program.
   * @returns the text for the program; `undefined`: it answers a question of an earlier program, or none
   */
  answered(message: ArrivedMessage): string | undefined;
  /** The program has answered a request, or the gateway has in its place. */
  responds(response: ServerResponse, id: RequestId, method: string, body: string): void;
  /** The program asks its client something. */
  asks(request: ServerRequest, body: string): void;
  /**
   * The program tells its client something.
   * @param reported it is a changed list, and the main thread will be told of that with the lists that are learned
   */
  tells(notification: ServerNotification, body: string, reported: boolean): void;
  /** The client continues a call that waits for it. */
  resumed(frame: ResumeFrame): void;
  /** A request is cancelled. */
  cancelled(id: RequestId): void;
}

export interface ClientSideOwner {
  /** Posts a message for the client. */
  send(frame: SendFrame | InputRequiredFrame): void;
  /** A client of the stateless era is given this list of tools. */
  given(tools: unknown): void;
  /** Sends the program a message. */
  write(body: string): void;
}
