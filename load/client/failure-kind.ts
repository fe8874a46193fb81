/** Why a request failed, as counted in the report. */

/** `http`, `json-rpc` and `tool` are deliberate answers of the server; the others show that something went wrong. */
export type FailureKind =
  | 'connection'
  | `http ${number}`
  | `json-rpc ${number}`
  | 'tool'
  | 'invalid'
  | 'contaminated'
  | 'wrong id'
  | 'duplicate'
  | 'no answer'
  | 'timeout'
  | 'forgotten'
  | 'not sent';

/** A request that failed, or something that the server should not have sent. */
export class LoadFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.name = 'LoadFailure';
    this.kind = kind;
  }
}

/** How much of a server's text a sample shows. */
const SHOWN_CHARACTERS = 300;

/** The first characters of what a server sent, for a message. */
export function excerpt(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/**
 * What a status other than 2xx means for a request of an open session. 404 says that the session is gone (2025-11-25,
 * Transports, "Session Management"); servers that follow the SDK's examples say so with 400.
 */
export function statusFailure(status: number, body: string, inSession: boolean): LoadFailure {
  const gone = status === 404 || (status === 400 && /session/i.test(body.slice(0, 1_000)));
  if (inSession && gone) {
    return new LoadFailure('forgotten', `HTTP ${status} for a session that is open: ${excerpt(body)}`);
  }
  return new LoadFailure(`http ${status}`, `HTTP ${status}: ${excerpt(body)}`);
}
