/** The start of a session: its `initialize`, until it has been answered. */
import type { ClientRequest } from '../protocol/client-message.js';
import { type ErrorReason, errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { PendingRequest } from './pending-request.js';

/** Why a session could not start. Its `initialize` is still to be answered. */
export interface StartFailure {
  /** 200 where the server itself refused. */
  readonly status: 200 | 500 | 503;
  /** The JSON-RPC error response. */
  readonly body: string;
  /** The JSON-RPC error code as text. */
  readonly failure: string;
  /** The gateway's own sentence, where it is the gateway that answers. */
  readonly message: string | undefined;
  readonly reason: EndReason;
}

export class SessionStart {
  readonly request: ClientRequest;
  readonly #onFailed: (failure: StartFailure) => void;

  constructor(request: ClientRequest, onFailed: (failure: StartFailure) => void) {
    this.request = request;
    this.#onFailed = onFailed;
  }

  /** Hands the failure to who can still choose a status, or to `deliver` when the answer has become a stream. */
  fail(failure: StartFailure, pending: PendingRequest, deliver: (body: string) => void): void {
    if (pending.stream.sse) {
      deliver(failure.body);
    } else {
      pending.stream.release();
      this.#onFailed(failure);
    }
  }
}

/** The server answered `initialize` with an error of its own. */
export function refusedByServer(body: string, failure: string): StartFailure {
  return { status: 200, body, failure, message: undefined, reason: 'initialize_failed' };
}

/** There is no thread for the session, or its thread did not come through `setup`. */
export function unstartable(
  status: 500 | 503,
  message: string,
  reason: EndReason & ErrorReason,
  { request, key }: PendingRequest,
): StartFailure {
  const body = errorResponse(request.id, JSON_RPC.internalError, message, { reason, requestKey: key });
  return { status, body, failure: String(JSON_RPC.internalError), message, reason };
}
