/** JSON-RPC errors with which the gateway itself answers (JSON-RPC 2.0, section 5.1). */
import { withoutPaths } from '../shared/errors.js';
import type { RequestId } from '../shared/request-id.js';
import { STATELESS_CODE } from '../shared/stateless-protocol.js';

export const JSON_RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** From the range for servers; the SDK uses it for what its transport refuses. */
  serverError: -32000,
  /** The SDK's code for an unknown session. */
  sessionNotFound: -32001,
} as const;

/** The errors of the stateless era that are no content of an answer, but its status. */
const STATELESS_STATUSES: ReadonlyMap<string, number> = new Map([
  [String(JSON_RPC.parseError), 400],
  [String(JSON_RPC.invalidRequest), 400],
  [String(JSON_RPC.methodNotFound), 404],
  [String(STATELESS_CODE.headerMismatch), 400],
  [String(STATELESS_CODE.missingCapability), 400],
  [String(STATELESS_CODE.unsupportedVersion), 400],
]);

/**
 * The HTTP status of a response in the stateless era, as long as nothing of it has been sent (2026-07-28, Streamable HTTP,
 * and Error Codes).
 * @param failure the code of its error as text; anything else is a result
 */
export function statelessStatus(failure: string | undefined): number {
  return failure === undefined ? 200 : (STATELESS_STATUSES.get(failure) ?? 200);
}

/**
 * Why the gateway answers a request with an error: stable, for programs. docs/architecture.md has the cause of each.
 */
export type ErrorReason =
  | 'cancelled'
  | 'draining'
  | 'duplicate_id'
  | 'no_secret'
  | 'no_thread'
  | 'parked_limit'
  | 'quota_exceeded'
  | 'request_limit'
  | 'server_closed'
  | 'setup_failed'
  | 'stream_lost'
  | 'thread_wait'
  /** How its thread ended. */
  | `thread_${'ended' | 'slept' | 'killed' | 'crash' | 'exit' | 'out_of_memory' | 'start_failed'}`;

export interface GatewayErrorData<Reason extends string = ErrorReason> {
  readonly reason: Reason;
  /** The gateway-wide id of the request, as in the log. */
  readonly requestKey?: string;
}

/**
 * A JSON-RPC error response as text. The message is for people and models: what happened and what to do. It may repeat
 * parts of another error; names of files of this machine are removed from it.
 * @typeParam Reason if a transport rejects a request: the transport's own reasons, which `protocol/` does not know
 * @param id `null`, or in the stateless era `undefined`, if it is not known
 */
export function errorResponse<Reason extends string = ErrorReason>(
  id: RequestId | null | undefined,
  code: number,
  message: string,
  data?: GatewayErrorData<NoInfer<Reason>>,
): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message: withoutPaths(message), ...(data !== undefined && { data }) },
  });
}
