/**
 * The words of the stateless era that both sides of the wall have to know (2026-07-28, Base Protocol, "_meta" and "Error
 * Codes").
 */

/** The revision that took sessions out of the protocol. */
export const STATELESS_VERSION = '2026-07-28';

/** The protocol versions of the stateless era that are served, the newest first. */
export const STATELESS_VERSIONS: readonly string[] = [STATELESS_VERSION];

/** Those of the session era, the newest first: as the SDK has them, which is not loaded where programs' lines are read. */
export const SESSION_VERSIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
];

/** All that are served, the newest first. */
export const SERVED_VERSIONS: readonly string[] = [...STATELESS_VERSIONS, ...SESSION_VERSIONS];

/** Members of `_meta` that are reserved for the protocol. */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** Codes of JSON-RPC errors beside those of JSON-RPC itself, whose meaning they keep. */
export const STATELESS_CODE = {
  /** A header differs from the body that it repeats, or is missing. */
  headerMismatch: -32020,
  /** The client has not declared a capability that the request needs. */
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /**
   * The gateway's own, for what has -32000 or -32001 in the session era. The range that JSON-RPC leaves to servers belongs to
   * the protocol, so it is outside of it.
   */
  gateway: -31000,
} as const;

/** 2026-07-28, schema, `LoggingLevel`, from the least to the most severe. */
export const STATELESS_LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type StatelessLogLevel = (typeof STATELESS_LOG_LEVELS)[number];
