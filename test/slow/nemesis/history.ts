/**
 * What a session's client asked and what it got: plain data, so that a history that never happened can be judged as
 * well as one that did.
 */

/** How a request ended for its client. */
type Outcome =
  /** A result. Its text is among the responses. */
  | { readonly kind: 'answer' }
  /** An error that says so: a JSON-RPC error, a tool's error, or a refusal of the HTTP request. */
  | { readonly kind: 'error'; readonly reason: string }
  /** Its connection closed before the client held an event id: whether it ran is unknown, and the client knows that. */
  | { readonly kind: 'closed' }
  /** The client broke it off by itself. */
  | { readonly kind: 'left' }
  /** Nothing that tells the client anything. */
  | { readonly kind: 'none'; readonly why: string };

export interface Operation {
  /** The JSON-RPC id, unique in its session. */
  readonly id: number;
  readonly tool: string;
  /** Unique in the run; whatever the server sends for this request carries it. */
  readonly token: string;
  /** How many numbered notifications come before the answer: 1, 2, … `steps`. */
  readonly steps: number;
  /** Where they come: with the request's own answer, or on the session's GET stream. */
  readonly stepsOn: 'post' | 'get';
  readonly startMs: number;
  endMs: number;
  outcome: Outcome;
  /** The token in each response that named this id; the error's reason where it was an error. */
  readonly responses: Response[];
  /** The numbers of the notifications that carried its token, in the order in which they came. */
  readonly numbers: number[];
}

export type Response = { readonly token: string } | { readonly error: string };

export interface SessionHistory {
  readonly session: string;
  readonly operations: readonly Operation[];
  /** What came and belongs to nothing that this session asked: one sentence for each. */
  readonly strays: readonly string[];
  /** The session has ended, and with it the GET stream. What did come must be in order all the same. */
  readonly streamLost: boolean;
  /** When the GET stream last said that messages of it are gone: of what was asked before then, and of nothing later. */
  readonly gapMs: number | undefined;
}

/** How often each token's side effect happened, as the server module wrote it down outside of the gateway. */
export type Executions = ReadonlyMap<string, number>;
