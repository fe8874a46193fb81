/** Why a session could not start. How its client is told is up to the transport. */
import type { StartFailure } from '../delivery/start-failure.js';
import { type ErrorReason, errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { PendingRequest } from './pending-request.js';

/** A session that could not start, and whose `initialize` has not been answered yet. */
export interface FailedStart extends StartFailure {
  /** The JSON-RPC error code as text. */
  readonly failure: string;
  /** The gateway's sentence, if the gateway answers. */
  readonly message: string | undefined;
  readonly reason: EndReason;
}

/** The server answered `initialize` with an error of its own. */
export function refusedByServer(body: string, failure: string): FailedStart {
  return { outcome: 'refused', body, failure, message: undefined, reason: 'initialize_failed' };
}

/** There is no worker for the session, or its worker failed in `setup`. */
export function unstartable(
  outcome: 'failed' | 'no_capacity',
  message: string,
  reason: EndReason & ErrorReason,
  { request, key }: PendingRequest,
): FailedStart {
  const body = errorResponse(request.replyId, JSON_RPC.internalError, message, { reason, requestKey: key });
  const overQuota = reason === 'quota_exceeded';
  return { outcome, overQuota, body, failure: String(JSON_RPC.internalError), message, reason };
}
