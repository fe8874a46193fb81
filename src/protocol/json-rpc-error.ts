/** JSON-RPC errors that the gateway itself answers with (JSON-RPC 2.0, section 5.1). */
import { withoutPaths } from '../shared/errors.js';
import type { RequestId } from '../shared/frames.js';

export const JSON_RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  internalError: -32603,
  /** From the range for servers; the SDK uses it for what the transport refuses. */
  serverError: -32000,
  /** The SDK's code for an unknown session. */
  sessionNotFound: -32001,
} as const;

export interface GatewayErrorData {
  /** Stable and for programs: `cancelled`, `thread_crash`, `request_limit`, … */
  readonly reason: string;
  /** The gateway-wide id of the request, as in the log. */
  readonly requestKey?: string;
}

/**
 * A JSON-RPC error response as text. The message is for people and models: what happened and what to do. What it repeats of
 * an error may name files of this machine, which are left out.
 */
export function errorResponse(
  id: RequestId | null,
  code: number,
  message: string,
  data?: GatewayErrorData,
): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message: withoutPaths(message), ...(data !== undefined && { data }) },
  });
}
