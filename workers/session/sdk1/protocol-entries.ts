/**
 * What a session thread uses of the SDK's protocol layer that is not public. The layer's `onmessage` determines the
 * kind of a message with up to three schema checks. The main thread has already made these checks, as strictly, and its
 * code is warm. In a cold thread they take more time than everything else (measured: 130 µs a call with them, 47
 * without; 26 and 18 in a warm thread). If a version of the SDK lacks one of these names, no session can start, and
 * `bulkhead serve` says so.
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
  /** Only if the server has tasks. */
  readonly _taskStore?: unknown;
}

const FUNCTIONS = ['_onrequest', '_onnotification', '_onresponse', '_onerror'] as const;
const MAPS = ['_requestHandlers', '_requestHandlerAbortControllers'] as const;

/** @throws {Error} if the SDK's version lacks one of them */
export function protocolOf(server: Server): ProtocolEntries {
  const entries = server as unknown as ProtocolEntries;
  const missing =
    FUNCTIONS.find((name) => typeof entries[name] !== 'function') ??
    MAPS.find((name) => !(entries[name] instanceof Map));
  if (missing !== undefined) throw unknownVersion(missing);
  return entries;
}

/** Whether the client has asked only for messages of a higher level. */
export type IsMessageIgnored = (level: unknown, sessionId: string) => boolean;

/** @throws {Error} if the SDK's version has no such function */
export function logLevelOf(server: Server): IsMessageIgnored {
  const { isMessageIgnored } = server as unknown as { readonly isMessageIgnored?: IsMessageIgnored };
  if (typeof isMessageIgnored !== 'function') throw unknownVersion('isMessageIgnored');
  return isMessageIgnored;
}

/** @param missing the name that the SDK lacks */
export function unknownVersion(missing: string): Error {
  return new Error(
    `this version of @modelcontextprotocol/sdk has no ${missing}; use the version of the lock file`,
  );
}
