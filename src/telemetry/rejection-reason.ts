/** Why the gateway rejected an HTTP request; a metric label. */
export type RejectionReason =
  | 'host'
  | 'origin'
  | 'unauthorized'
  /** `authenticate` knows who asks, and refuses it. */
  | 'forbidden'
  /** `authenticate` threw, returned something else than it may, or took too long. */
  | 'authentication_failed'
  /** The rules do not let this principal use the server. */
  | 'server_not_allowed'
  /** The rules do not let this principal know of the tool, */
  | 'unknown_tool'
  /** the prompt, */
  | 'unknown_prompt'
  /** or the resource. */
  | 'unknown_resource'
  /** The rules require scopes that the token lacks. */
  | 'insufficient_scope'
  /** `audit-required`, and the audit log cannot be written. */
  | 'audit_failed'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'body_budget'
  /** A server of the embedding program has too many connections with requests to the gateway. */
  | 'connection_limit'
  | 'request_timeout'
  | 'malformed_http'
  | 'expectation_failed'
  | 'parse_error'
  | 'invalid_request'
  | 'protocol_version'
  /** The header has a version of the session era, the body one of the stateless era. */
  | 'version_header'
  /** Another header of the stateless era differs from the body, or is missing. */
  | 'header_mismatch'
  /** `_meta` is malformed, or lacks what a request of the stateless era has to say of itself. */
  | 'request_meta'
  /** A method of the session era in a request of the stateless era. */
  | 'method_not_found'
  /** `server/discover`, the first question of a client that prefers 2026-07-28: it sends `initialize` next. */
  | 'discover'
  | 'session_required'
  | 'session_unknown'
  | 'session_limit'
  /** With affinity `handle`: this principal has as many sessions open as it may have. */
  | 'principal_session_limit'
  | 'request_limit'
  /** This principal, or this address if nobody has said who it is, has used what it may. */
  | 'quota_exceeded'
  /** Calls of the tool have ended too many threads of this principal: `tool-breaker`. */
  | 'tool_closed'
  /** `subscriptions/listen`: the gateway has as many as it takes, */
  | 'subscription_limit'
  /** or this principal has. */
  | 'principal_subscription_limit'
  /** Too many calls wait for their clients. */
  | 'parked_limit'
  /** The thread or process in which the continued call waited is gone. */
  | 'parked_call_lost'
  /** `requestState` that is wrong, expired or repeated. */
  | 'request_state'
  | 'thread_wait'
  /** In the stateless era: many requests wait, and this principal has more of them than its share. */
  | 'principal_wait_limit'
  | 'draining'
  /** Its entry is wrong, or its module cannot be used. */
  | 'server_unavailable'
  /** A fault of the gateway, or of the program that embeds it. */
  | 'internal_error';

/** Why a rule refuses a request; a metric label. */
export type RuleRefusalReason = Extract<
  RejectionReason,
  'server_not_allowed' | 'unknown_tool' | 'unknown_prompt' | 'unknown_resource' | 'insufficient_scope'
>;
