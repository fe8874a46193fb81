/** JSON-RPC errors with which the gateway itself answers (JSON-RPC 2.0, section 5.1). */
import { withoutPaths } from '../shared/errors.js';
import type { RequestId } from '../shared/request-id.js';

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

/**
 * The gateway's own codes in the stateless era: outside of what JSON-RPC and MCP have reserved (2026-07-28, Base Protocol,
 * "Error Codes").
 */
export const STATELESS_CODE = {
  /** In place of `serverError` and `sessionNotFound`. */
  gateway: -31000,
} as const;

/**
 * Why the gateway answers a request with an error: stable, for programs. docs/architecture.md has the cause of each.
 */
export type ErrorReason =
  | 'cancelled'
  | 'draining'
  | 'duplicate_id'
  | 'no_thread'
  | 'parked_limit'
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
 */
export function errorResponse<Reason extends string = ErrorReason>(
  id: RequestId | null,
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
