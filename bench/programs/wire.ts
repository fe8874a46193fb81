/** A client's end of one session, whatever carries its messages: texts of JSON-RPC messages in both directions. */

export interface Wire {
  /** Sends one message. A notification or answer has been taken when it resolves; a request's answer comes by itself. */
  send(text: string): Promise<void>;
  /** Ends the session as a client that says goodbye does. */
  close(): Promise<void>;
}

/** Takes each message of the server, as it was written. */
export type OnMessage = (text: string) => void;

/** Takes what went wrong with the connection. */
export type OnFailure = (error: Error) => void;

/** Opens a session's wire; nothing has been sent on it. */
export type OpenWire = (onMessage: OnMessage, onFailure: OnFailure) => Promise<Wire>;
