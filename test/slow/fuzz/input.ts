/** What the grammar makes and a lane sends. */

/** What an input tries: each is a part of the grammar, and a row of the report. */
export const KINDS = [
  'garbage',
  'request-line',
  'headers',
  'framing',
  'json',
  'json-rpc',
  'mcp',
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
  /** Written one after the other, with a turn of the event loop in between. */
  readonly pieces: readonly Buffer[];
  /**
   * `answer`: it is a request that HTTP can frame, on a connection that goes on; it must be answered.
   * `end`: what it is to a parser is open; the client half-closes behind it, and a close is an answer too.
   * `destroy`: the client is gone at once; nothing comes back.
   */
  readonly ending: 'answer' | 'end' | 'destroy';
  /** The answer to a HEAD request has no body, whatever its headers say. */
  readonly head: boolean;
  /** The id that the one JSON-RPC request of the input carries, where it is rightly made: its answer has it too. */
  readonly id: string | number | undefined;
}

/** Live sessions that inputs speak to; what they are changes from run to run, everything else goes by the seed. */
export interface Surroundings {
  /** Ids of sessions over Streamable HTTP. */
  streamable(slot: number): string;
  /** Ids of sessions over HTTP+SSE. */
  legacy(slot: number): string;
  /** An event id that a stream of that session had. */
  eventId(slot: number): string;
}

export const SESSION_SLOTS = 8;
