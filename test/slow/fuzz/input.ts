/** What the grammar creates and a lane sends. */

/** What an input tries. Each kind is a part of the grammar, and a row of the report. */
export const KINDS = [
  'garbage',
  'request-line',
  'headers',
  'framing',
  'json',
  'json-rpc',
  'mcp',
  'stateless',
  'depth',
  'size',
  'streams',
  'legacy',
  'admin',
  'abandoned',
] as const;
export type Kind = (typeof KINDS)[number];

export type Listener = 'mcp' | 'admin';

export interface Input {
  readonly kind: Kind;
  readonly listener: Listener;
  /** Written one after the other, in separate turns of the event loop. */
  readonly pieces: readonly Buffer[];
  /**
   * `answer`: a request that HTTP can frame, on a connection that stays open; it must be answered. `end`: a parser may
   * understand it in any way; the client closes its half afterwards, and closing the connection counts as an answer.
   * `destroy`: the client disconnects at once; nothing comes back.
   */
  readonly ending: 'answer' | 'end' | 'destroy';
  /** The answer to a HEAD request has no body, whatever its headers say. */
  readonly head: boolean;
  /** The id of the input's one JSON-RPC request, if it is well-formed: the answer must have it too. */
  readonly id: string | number | undefined;
}

/** Live sessions to which inputs are sent. They differ from run to run; everything else is determined by the seed. */
export interface Surroundings {
  /** Ids of sessions over Streamable HTTP. */
  streamable(slot: number): string;
  /** Ids of sessions over HTTP+SSE. */
  legacy(slot: number): string;
  /** An event id that appeared on a stream of that session. */
  eventId(slot: number): string;
}

export const SESSION_SLOTS = 8;
