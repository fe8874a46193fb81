/** One JSON-RPC message of a client, checked and classified; `protocol/json-rpc.ts` makes them. */
import type { ListView } from '../shared/list-view.js';
import type { RequestId } from '../shared/request-id.js';
import type { RequestTrace } from '../shared/request-trace.js';

export interface ClientRequest {
  readonly kind: 'request';
  /** Unique among the requests in flight of one session. In the stateless era it is the gateway's own. */
  readonly id: RequestId;
  /** The id that the client has given it, and that its answer has. */
  readonly replyId: RequestId;
  readonly method: string;
  /** `params.name` of `tools/call`. */
  readonly tool: string | undefined;
  /** A tool call that the SDK's schema would accept without changing it. */
  readonly fastPath: boolean;
  /** It is of the stateless era. */
  readonly stateless: boolean;
  /** Of the stateless era: how long it has waited for its compartment, in milliseconds. */
  readonly waitedMs?: number;
  readonly progressToken: RequestId | undefined;
  /** Told of its end; absent: nobody follows it. */
  readonly trace?: RequestTrace;
  /** What its caller sees of the list that it asks for; absent: all of it. */
  readonly view?: ListView;
  /** Only for `initialize`. */
  readonly params: unknown;
  /** The message as JSON text. */
  readonly body: string;
}

/**
 * Whether its client should soon have a sign of life. Otherwise its response can have the status of its error though that takes
 * a moment: in the stateless era an unknown method is 404 (2026-07-28, Streamable HTTP).
 */
export function needsSignOfLife({ stateless, tool }: ClientRequest): boolean {
  return !stateless || tool !== undefined;
}

const ABOUT_REQUESTS = new Set(['notifications/cancelled', 'notifications/progress']);

/** Whether a notification of this method is about one request. */
export function isAboutRequest(method: string): boolean {
  return ABOUT_REQUESTS.has(method);
}

export interface ClientNotification {
  readonly kind: 'notification';
  readonly method: string;
  /** Only for `notifications/cancelled`. */
  readonly cancels: { readonly requestId: RequestId; readonly reason: string } | undefined;
  readonly body: string;
}

export interface ClientResponse {
  readonly kind: 'response';
  /** An error response may have no id (JSON-RPC 2.0, section 5). */
  readonly id: RequestId | undefined;
  readonly body: string;
}

export type ClientMessage = ClientRequest | ClientNotification | ClientResponse;
