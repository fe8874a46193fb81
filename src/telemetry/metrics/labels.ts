/**
 * The closed sets of values of metric labels. Whatever a client or a server module can choose freely is mapped to one
 * of them, so that nobody outside can increase the number of series.
 */

import type { SessionTransport } from '../../shared/session-context.js';
import type { ConnectionDropReason } from '../connection-drop-reason.js';
import type {
  CancelReason,
  ClaimKind,
  DescriptorState,
  LearnedOutcome,
  ListenerName,
  ParkedCallOutcome,
  QuotaName,
  ReloadResult,
  SleepReason,
  StreamKind,
  ThreadExitCause,
} from '../events.js';
import type { RejectionReason } from '../rejection-reason.js';

/** The label value of everything that is not in a closed set. */
export const OTHER = 'other';

/** With a `Record`, the compiler asks for each member, so that a new one cannot be forgotten. */
function members<Name extends string>(names: Readonly<Record<Name, 0>>): readonly Name[] {
  return Object.keys(names) as Name[];
}

export const TRANSPORTS = members<SessionTransport>({ 'streamable-http': 0, sse: 0, stdio: 0 });
export const STREAM_KINDS = members<StreamKind>({ post: 0, get: 0, legacy: 0, listen: 0 });
export const LISTENERS = members<ListenerName>({ mcp: 0, admin: 0 });
export const CONNECTION_DROP_REASONS = members<ConnectionDropReason>({
  limit: 0,
  address_limit: 0,
  evicted: 0,
  stalled: 0,
  output_budget: 0,
  vanished: 0,
  no_descriptor: 0,
  handshake_timeout: 0,
  handshake_failed: 0,
});
export const DESCRIPTOR_STATES = members<DescriptorState>({ high: 0, exhausted: 0, eased: 0 });
export const CLAIM_KINDS = members<ClaimKind>({ warm: 0, cold: 0, queued: 0 });
export const SLEEP_REASONS = members<SleepReason>({ idle: 0, pressure: 0, reload: 0 });
export const RELOAD_RESULTS = members<ReloadResult>({ reloaded: 0, refused: 0 });
export const LEARNED_OUTCOMES = members<LearnedOutcome>({
  learned: 0,
  same: 0,
  replaced: 0,
  own: 0,
  dynamic: 0,
});
export const PARKED_CALL_OUTCOMES = members<ParkedCallOutcome>({
  resumed: 0,
  abandoned: 0,
  lost: 0,
  drained: 0,
});
export const QUOTA_NAMES = members<QuotaName>({
  sessions: 0,
  compartments: 0,
  requests: 0,
  rate: 0,
  bytes: 0,
  processor: 0,
});
export const CANCEL_REASONS = members<CancelReason>({
  client: 0,
  disconnect: 0,
  resume_expired: 0,
  session_end: 0,
});
export const THREAD_EXIT_CAUSES = members<ThreadExitCause>({
  ended: 0,
  slept: 0,
  killed: 0,
  crash: 0,
  exit: 0,
  out_of_memory: 0,
  start_failed: 0,
});
export const REJECTION_REASONS = members<RejectionReason>({
  host: 0,
  origin: 0,
  unauthorized: 0,
  forbidden: 0,
  authentication_failed: 0,
  server_not_allowed: 0,
  unknown_tool: 0,
  unknown_prompt: 0,
  unknown_resource: 0,
  insufficient_scope: 0,
  audit_failed: 0,
  not_found: 0,
  method_not_allowed: 0,
  not_acceptable: 0,
  unsupported_media_type: 0,
  body_too_large: 0,
  body_budget: 0,
  connection_limit: 0,
  request_timeout: 0,
  malformed_http: 0,
  expectation_failed: 0,
  parse_error: 0,
  invalid_request: 0,
  protocol_version: 0,
  version_header: 0,
  header_mismatch: 0,
  request_meta: 0,
  method_not_found: 0,
  discover: 0,
  session_required: 0,
  session_unknown: 0,
  session_limit: 0,
  principal_session_limit: 0,
  request_limit: 0,
  quota_exceeded: 0,
  tool_closed: 0,
  subscription_limit: 0,
  principal_subscription_limit: 0,
  parked_limit: 0,
  parked_call_lost: 0,
  request_state: 0,
  thread_wait: 0,
  principal_wait_limit: 0,
  draining: 0,
  server_unavailable: 0,
  internal_error: 0,
});

/** The requests that a client can send (2025-11-25 and earlier, schema, `ClientRequest`), and `server/discover`. */
const METHODS: ReadonlySet<string> = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tools/call',
  'tools/list',
]);

/** JSON-RPC 2.0, section 5.1; the codes that MCP and its SDK add; and values that are not codes. */
const ERROR_TYPES: ReadonlySet<string> = new Set([
  '-32700',
  '-32600',
  '-32601',
  '-32602',
  '-32603',
  '-32000',
  '-32001',
  '-32002',
  '-32042',
  'tool_error',
  'cancelled',
]);

const PROTOCOL_VERSIONS: ReadonlySet<string> = new Set([
  '2026-07-28',
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
]);

/** `mcp.method.name`. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : OTHER;
}

/** `error.type`; empty after a success. */
export function errorTypeLabel(failure: string | undefined): string {
  if (failure === undefined) return '';
  return ERROR_TYPES.has(failure) ? failure : OTHER;
}

/** `mcp.protocol.version`; empty until a version has been negotiated. */
export function protocolVersionLabel(version: string): string {
  if (version === '') return '';
  return PROTOCOL_VERSIONS.has(version) ? version : OTHER;
}
