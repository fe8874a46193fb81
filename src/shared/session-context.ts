/** How a session's client talks to the gateway; also a metric label. */
export type SessionTransport = 'streamable-http' | 'sse' | 'stdio';

/**
 * `session`: protocol versions up to 2025-11-25, which begin with `initialize`. `stateless`: 2026-07-28, in which each
 * request stands for itself.
 */
export type Era = 'session' | 'stateless';

/** What the state of a server belongs to in the stateless era, and so what a thread or a process of it serves. */
export const AFFINITIES = ['session', 'request', 'principal', 'handle'] as const;
export type Affinity = (typeof AFFINITIES)[number];

/** A principal that the `authenticate` function of an embedding program has named. */
export interface Identity {
  /** `local` if the function named none. */
  readonly issuer: string;
  /** Unique for its issuer. */
  readonly subject: string;
  /** In alphabetical order. */
  readonly scopes: readonly string[];
}

/**
 * The plain data that describes one session. It is given to the server module, shown by the admin API and written to
 * log lines. All of it can cross a port as a structured clone.
 */
export interface SessionContext {
  /** Cryptographically random, visible ASCII (2025-11-25, Transports, "Session Management"). */
  readonly sessionId: string;
  /** The name of its server in the gateway's catalogue. */
  readonly server: string;
  readonly era: Era;
  /** What its thread or process belongs to: always `session` in the session era. */
  readonly affinity: Affinity;
  readonly transport: SessionTransport;
  /** From `initialize`'s `clientInfo`; cut to 200 characters each. */
  readonly client: { readonly name: string; readonly version: string };
  /** The protocol version after negotiation, such as `2025-11-25`. */
  readonly protocolVersion: string;
  /** The `User-Agent` header of the request that opened the session, cut to 200 characters. */
  readonly userAgent: string | undefined;
  /** The peer's address as the socket reports it; behind a proxy, the proxy's. */
  readonly remoteAddress: string | undefined;
  /**
   * Who opened the session, and alone may use it: `anonymous`, `token` for the holder of the static bearer token, or a text
   * that is unique for each `identity`.
   */
  readonly principal: string;
  /** Who that is, if `createGateway({ authenticate })` has named it. */
  readonly identity?: Identity;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** What `createGateway({ metadata })` returned for the request that opened the session; `{}` without it. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One request of a session's client, as seen by the tool that serves it. */
export interface SessionAwareRequest {
  /** Unique over all sessions of the gateway; it is in every log line and gateway error of this request. */
  readonly key: string;
  /** The JSON-RPC id that the client chose; unique only among this session's requests in flight. */
  readonly requestId: string | number;
  readonly method: string;
  readonly context: SessionContext;
}
