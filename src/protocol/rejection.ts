/** Why a request is not accepted, in one shape for guards, the parser, transports and sessions. */
import type { RequestId } from '../shared/request-id.js';
import { errorResponse, JSON_RPC } from './json-rpc-error.js';

/** @typeParam Reason the reasons of the part that rejects */
export interface Rejection<Reason extends string> {
  /** Stable, for programs. */
  readonly reason: Reason;
  /** A sentence that says what to do. */
  readonly message: string;
  /** The code of the JSON-RPC error; `-32000` if it is left out. */
  readonly code?: number;
  /** The id of the request, if it is known. */
  readonly id?: RequestId | null;
}

/** What the client receives: a JSON-RPC error response as text. */
export function rejectionResponse({
  reason,
  message,
  code = JSON_RPC.serverError,
  id = null,
}: Rejection<string>): string {
  return errorResponse<string>(id, code, message, { reason });
}
