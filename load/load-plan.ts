/** What one run of `bulkhead load` does, as plain data: it is sent to the load workers and is part of the report. */

import type { Era } from '../src/shared/session-context.js';
import type { ParamHeader } from './client/param-headers.js';

/** One kind of call: a tool, its arguments, and how often it is called compared with the others. */
export interface MixEntry {
  readonly tool: string;
  /**
   * `{{session}}` in a string is replaced by the token of the session (in the stateless era: of the request), `{{n}}` by
   * the number of the call in its session.
   */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly weight: number;
  /** Arguments that are repeated in headers, in the stateless era. */
  readonly paramHeaders?: readonly ParamHeader[];
}

type LoadTransport = 'streamable-http' | 'sse';

/** When calls are made: at a fixed rate whatever the answers do, or each when an earlier one is answered. */
type Arrivals =
  | { readonly loop: 'open'; readonly callsPerSecond: number }
  | { readonly loop: 'closed'; readonly concurrency: number };

export interface LoadPlan {
  /** The MCP endpoint; with the transport `sse`, the address of the event stream. */
  readonly url: string;
  /** Sent with every request, besides the protocol's own; names in lower case. They may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly era: Era;
  readonly transport: LoadTransport;
  readonly protocolVersion: string;
  /** Sessions that make calls; in the stateless era, clients. */
  readonly sessions: number;
  /** Additional sessions that open a stream for the server's own messages and then do nothing. */
  readonly idleSessions: number;
  /** Whether the sessions that make calls hold such a stream too. */
  readonly listen: boolean;
  readonly arrivals: Arrivals;
  /** Sessions are opened evenly over this time. */
  readonly rampMs: number;
  /** Before the hold: calls whose latencies are not counted, while the server's code warms up. */
  readonly warmUpMs: number;
  /** The hold: how long calls are made and counted. */
  readonly durationMs: number;
  /** Sessions a second that end; each is replaced by a new one. */
  readonly churnPerSecond: number;
  /** Sessions a second whose connections are cut without notice; each is replaced by a new one. */
  readonly dropPerSecond: number;
  /** How long an answer may take before its call counts as lost. */
  readonly timeoutMs: number;
  /** How fast each answer is read, for slow readers; `undefined`: as fast as it arrives. */
  readonly readBytesPerSecond: number | undefined;
  readonly mix: readonly MixEntry[];
  readonly workers: number;
}
