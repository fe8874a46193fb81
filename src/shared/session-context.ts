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

/**
 * How it is known who asks. `anonymous`: not at all. `token`: by a token that is written down. `jwt`: by a signed access token
 * (RFC 9068). `introspected`: by an opaque one (RFC 7662). `certificate`: by the client's certificate. `program`: the
 * `authenticate` function of an embedding program says so.
 */
export type PrincipalKind = 'anonymous' | 'token' | 'jwt' | 'introspected' | 'certificate' | 'program';

/** Who asks, as a server module is told. It contains no credential. */
export interface Identity {
  readonly kind: PrincipalKind;
  /** Who says so: the URL of an authorization server, `token`, `certificate`, `anonymous`, or what `authenticate` says. */
  readonly issuer: string;
  /** Unique for its issuer. */
  readonly subject: string;
  /** In alphabetical order. */
  readonly scopes: readonly string[];
  /** The claims of its token that the option `auth-claims` names. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Somebody who has not said who it is. */
export const NOBODY: Identity = Object.freeze({
  kind: 'anonymous',
  issuer: 'anonymous',
  subject: 'anonymous',
  scopes: Object.freeze([]),
  claims: Object.freeze({}),
});

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
  /** The client's address: that of its connection, or what a proxy says that the option `trust-proxy` names. */
  readonly remoteAddress: string | undefined;
  /** Who opened the session, and alone may use it, as one text: `anonymous`, or issuer and subject. */
  readonly principal: string;
  /** The same, in parts. Scopes and claims are those of the request that opened the session. */
  readonly identity: Identity;
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
