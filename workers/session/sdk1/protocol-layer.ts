/**
 * What the SDK's protocol layer gives to a handler and how it turns an error into a response, for calls that are served
 * without it.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ErrorCode,
  type JSONRPCErrorResponse,
  McpError,
  type MessageExtraInfo,
  type Result,
} from '@modelcontextprotocol/sdk/types.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import type { Extra } from './call-handlers.js';
import type { ToolCallRequest } from './tool-call.js';

/** The part of a transport that a call needs. */
export interface CallTransport extends Pick<Transport, 'send' | 'sessionId'> {
  /** `send` for a request's result. Returns a promise only if it has to wait. */
  answer(id: RequestId, result: Result): Promise<void> | undefined;
  /** What a handler receives besides its request. */
  infoOf(requestId: RequestId): MessageExtraInfo;
}

/** A handler's second parameter as the protocol layer creates it, with every member: it may be spread. */
export function extraOf(
  server: Server,
  transport: CallTransport,
  requestId: RequestId,
  signal: AbortSignal,
  { _meta }: ToolCallRequest['params'],
): Extra {
  const { authInfo, requestInfo, closeSSEStream, closeStandaloneSSEStream }: MessageExtraInfo =
    transport.infoOf(requestId);
  const members: { readonly [Member in keyof Extra]: Extra[Member] | undefined } = {
    signal,
    sessionId: transport.sessionId,
    _meta,
    sendNotification: async (notification) => {
      if (signal.aborted) return;
      await server.notification(notification, { relatedRequestId: requestId });
    },
    sendRequest: async (request, resultSchema, options) => {
      if (signal.aborted) throw new McpError(ErrorCode.ConnectionClosed, 'Request was cancelled');
      return await server.request(request, resultSchema, { ...options, relatedRequestId: requestId });
    },
    authInfo,
    requestId,
    requestInfo,
    taskId: undefined,
    taskStore: undefined,
    taskRequestedTtl: undefined,
    closeSSEStream,
    closeStandaloneSSEStream,
  };
  return members as Extra;
}

/** The response to a request whose handler threw. */
export function errorResponse(id: RequestId, thrown: unknown): JSONRPCErrorResponse {
  const { code, message, data } = thrown as { code?: number; message?: string; data?: unknown };
  return {
    jsonrpc: '2.0',
    id,
    error: {
      code: Number.isSafeInteger(code) ? (code as number) : ErrorCode.InternalError,
      message: message ?? 'Internal error',
      ...(data !== undefined && { data }),
    },
  };
}
