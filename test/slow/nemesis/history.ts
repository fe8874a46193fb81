/**
 * What a session's client asked and what it got. It is plain data, so that an invented history can be judged as well.
 */

/** How a request ended for its client. */
type Outcome =
  /** A result. Its text is among the responses. */
  | { readonly kind: 'answer' }
  /** A stated error: a JSON-RPC error, a tool's error, or a refusal of the HTTP request. */
  | { readonly kind: 'error'; readonly reason: string }
  /** Its connection closed before the client had an event id. Whether it ran is unknown, and the client knows that. */
  | { readonly kind: 'closed' }
  /** The client ended it itself. */
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
  /** Where they arrive: with the request's own answer, or on the session's GET stream. */
  readonly stepsOn: 'post' | 'get';
  readonly startMs: number;
  endMs: number;
  outcome: Outcome;
  /** The token in each response with this id; for an error, its reason. */
  readonly responses: Response[];
  /** The numbers of the notifications that carried its token, in the order of their arrival. */
  readonly numbers: number[];
}

export type Response = { readonly token: string } | { readonly error: string };

export interface SessionHistory {
  readonly session: string;
  readonly operations: readonly Operation[];
  /** What arrived without belonging to anything that this session asked: one sentence for each. */
  readonly strays: readonly string[];
  /** The session has ended, and its GET stream with it. What arrived must still be in order. */
  readonly streamLost: boolean;
  /** When the GET stream last said that messages are missing: those of requests before that time, not of later ones. */
  readonly gapMs: number | undefined;
}

/** How often each token's side effect happened, as recorded by the server module outside of the gateway. */
export type Executions = ReadonlyMap<string, number>;
