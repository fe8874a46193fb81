/** What a client is told if the bridge itself has to answer a request: what happened, and what to do. */
import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import type { RequestId } from '../shared/request-id.js';
import type { AnswerHead, ExchangeFailed } from './http-exchange.js';

/** Why, for programs: `error.data.reason`. */
export type BridgeErrorReason =
  /** The server could not be reached; the request was not sent. */
  | 'unreachable'
  /** The server answered with an HTTP status that is an error. */
  | 'refused'
  /** The server may have begun the request, its answer is lost, and it is not safe to repeat. */
  | 'not_repeated'
  /** The answer is lost, and was lost again when the request was repeated. */
  | 'answer_lost'
  /** The client used an id again that is in flight. */
  | 'duplicate_id'
  /** The bridge ends. */
  | 'bridge_ends';

/** An error response of the bridge as text. */
export function bridgeError(id: RequestId, reason: BridgeErrorReason, message: string): string {
  const code = reason === 'duplicate_id' ? JSON_RPC.invalidRequest : JSON_RPC.serverError;
  return errorResponse<BridgeErrorReason>(id, code, message, { reason });
}

export function unreachable(address: string, failure: ExchangeFailed): string {
  return `${address} cannot be reached: ${failure.message}. Start the server or check its address, then try again.`;
}

/** @param said what the server said about it, if anything */
export function refusedBy(address: string, head: AnswerHead, said: string | undefined): string {
  const { status, location } = head;
  const what = said === undefined ? '' : `: ${said.replace(/\.$/, '')}`;
  return `${address} answered with status ${status}${what}.${whatToDo(status, location)}`;
}

function whatToDo(status: number, location: string | undefined): string {
  if (status >= 300 && status < 400) {
    return ` The bridge does not follow redirects${location === undefined ? '' : `: start it with ${location}`}.`;
  }
  if (status === 401 || status === 403) {
    return ' Start the bridge with the right token: --token-file, or the variable BULKHEAD_TOKEN.';
  }
  if (status === 404 || status === 405) {
    return ' Check the address: most MCP servers are at /mcp.';
  }
  return status === 429 || status >= 500 ? ' Try again later.' : '';
}
