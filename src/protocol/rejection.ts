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
  /**
   * The id of the request; without it, `null`. The stateless era has no `null`: a response to what is no request, or has no
   * readable id, is without a member `id`, which is meant by `undefined`.
   */
  readonly id?: RequestId | null | undefined;
  /** More for programs, as the protocol defines it for this error. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What the client receives: a JSON-RPC error response as text. */
export function rejectionResponse(rejection: Rejection<string>): string {
  const { reason, message, code = JSON_RPC.serverError, data } = rejection;
  const id = 'id' in rejection ? rejection.id : null;
  return errorResponse<string>(id, code, message, { ...data, reason });
}
