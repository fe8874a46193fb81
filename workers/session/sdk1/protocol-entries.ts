/**
 * What a session thread uses of the SDK's protocol layer that is not public. Its `onmessage` finds the kind of a message
 * out by up to three schema checks, which the main thread has made already, as strictly, and in a hot thread: in a young
 * thread they cost more than all the rest (measured: 130 us a call with them, 47 without; 26 and 18 when hot). Should a
 * version drop one of these names, no session could start, and `bulkhead serve` says so.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type {
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResponse,
  MessageExtraInfo,
} from '@modelcontextprotocol/sdk/types.js';
import type { RequestId } from '../../../src/shared/request-id.js';

export interface ProtocolEntries {
  _onrequest(request: JSONRPCRequest, extra: MessageExtraInfo): void;
  _onnotification(notification: JSONRPCNotification): void;
  _onresponse(response: JSONRPCResponse): void;
  _onerror(error: Error): void;
  /** By method. */
  readonly _requestHandlers: Map<string, unknown>;
  /** By id: what `notifications/cancelled` and a close abort. */
  readonly _requestHandlerAbortControllers: Map<RequestId, { abort(reason?: unknown): void }>;
  /** Only where the server has tasks. */
  readonly _taskStore?: unknown;
}

const FUNCTIONS = ['_onrequest', '_onnotification', '_onresponse', '_onerror'] as const;
const MAPS = ['_requestHandlers', '_requestHandlerAbortControllers'] as const;

/** @throws {Error} when the SDK's version has not all of them. */
export function protocolOf(server: Server): ProtocolEntries {
  const entries = server as unknown as ProtocolEntries;
  const missing =
    FUNCTIONS.find((name) => typeof entries[name] !== 'function') ??
    MAPS.find((name) => !(entries[name] instanceof Map));
  if (missing !== undefined) throw unknownVersion(missing);
  return entries;
}

/** Whether the client has asked for messages of a higher level only. */
export type IsMessageIgnored = (level: unknown, sessionId: string) => boolean;

/** @throws {Error} when the SDK's version has no such function. */
export function logLevelOf(server: Server): IsMessageIgnored {
  const { isMessageIgnored } = server as unknown as { readonly isMessageIgnored?: IsMessageIgnored };
  if (typeof isMessageIgnored !== 'function') throw unknownVersion('isMessageIgnored');
  return isMessageIgnored;
}

/** @param missing what is used of the SDK and is not there */
export function unknownVersion(missing: string): Error {
  return new Error(
    `this version of @modelcontextprotocol/sdk has no ${missing}; use the version of the lock file`,
  );
}
