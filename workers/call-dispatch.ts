/**
 * Hands a plain tool call to its handler, past the SDK's protocol layer. That layer takes the request through a schema
 * twice and the result once, and makes some thirty promises and closures on the way, for tasks above all. Nearly all
 * calls and results are so plain (`plain-calls.ts`) that nothing of it changes anything; every other one goes through it
 * as before. The handler that is called is the SDK's own: tools, their schemas and their errors stay with McpServer.
 *
 * A test sends the same calls both ways.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  CallToolResultSchema,
  ErrorCode,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  McpError,
  type MessageExtraInfo,
  type Result,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { AbortOnUse } from './abort-on-use.js';
import { type PlainCall, plainCall, plainResult } from './plain-calls.js';
import { type ProtocolEntries, protocolOf } from './protocol-entries.js';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
export type RequestHandler = (request: { method: string }, extra: Extra) => unknown;

const CALL = 'tools/call';

interface CallHandler {
  readonly handler: RequestHandler;
  /** What the protocol layer made of it: the handler counts while this is its entry. */
  readonly entry: unknown;
}

const callHandlers = new WeakMap<Server, CallHandler>();

/** A handler has been registered for the method of this schema; whether it is that of tool calls is found out here. */
export function handlerRegistered(server: Server, schema: unknown, handler: RequestHandler): void {
  const entry = protocolOf(server)._requestHandlers.get(CALL);
  if (entry === undefined || entry === callHandlers.get(server)?.entry) return;
  // A schema of the module's own may check or change what the SDK's does not.
  if (schema === CallToolRequestSchema) callHandlers.set(server, { handler, entry });
}

export class CallDispatch {
  readonly #server: Server;
  readonly #protocol: ProtocolEntries;
  readonly #transport: Transport;

  constructor(server: Server, protocol: ProtocolEntries, transport: Transport) {
    this.#server = server;
    this.#protocol = protocol;
    this.#transport = transport;
  }

  /** Answers the request if it is a plain tool call; `false` where it is one for the protocol layer. */
  take(request: JSONRPCRequest, extra: MessageExtraInfo): boolean {
    if (request.method !== CALL) return false;
    const registered = callHandlers.get(this.#server);
    const { _requestHandlers, _taskStore } = this.#protocol;
    if (registered === undefined || registered.entry !== _requestHandlers.get(CALL)) return false;
    // With tasks, each handler is given a store.
    if (_taskStore !== undefined) return false;
    const call = plainCall(request);
    if (call === undefined) return false;
    void this.#serve(request, call, extra, registered.handler);
    return true;
  }

  async #serve(
    { id }: JSONRPCRequest,
    call: PlainCall,
    extra: MessageExtraInfo,
    handler: RequestHandler,
  ): Promise<void> {
    const cancellation = new AbortOnUse();
    const cancellations = this.#protocol._requestHandlerAbortControllers;
    cancellations.set(id, cancellation);
    // The protocol layer lets handlers of earlier notifications start first.
    await undefined;
    let response: JSONRPCMessage;
    try {
      const result = await handler(call, this.#extraOf(id, call, extra, cancellation));
      response = { result: checkedResult(result), jsonrpc: '2.0', id };
    } catch (error) {
      response = errorResponse(id, error);
    }
    try {
      if (!cancellation.aborted) await this.#transport.send(response);
    } catch (error) {
      this.#protocol._onerror(new Error(`Failed to send response: ${error}`));
    }
    if (cancellations.get(id) === cancellation) cancellations.delete(id);
  }

  /** What the protocol layer would give the handler, member by member: it may be spread. */
  #extraOf(
    requestId: JSONRPCRequest['id'],
    { params }: PlainCall,
    { authInfo, requestInfo, closeSSEStream, closeStandaloneSSEStream }: MessageExtraInfo,
    cancellation: AbortOnUse,
  ): Extra {
    const server = this.#server;
    const members: { readonly [Member in keyof Extra]: Extra[Member] | undefined } = {
      get signal() {
        return cancellation.signal;
      },
      sessionId: this.#transport.sessionId,
      _meta: params._meta,
      sendNotification: async (notification) => {
        if (cancellation.aborted) return;
        await server.notification(notification, { relatedRequestId: requestId });
      },
      sendRequest: async (request, resultSchema, options) => {
        if (cancellation.aborted) throw new McpError(ErrorCode.ConnectionClosed, 'Request was cancelled');
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
}

/** @throws {McpError} as the SDK's server does. */
function checkedResult(result: unknown): Result {
  const plain = plainResult(result);
  if (plain !== undefined) return plain;
  const checked = CallToolResultSchema.safeParse(result);
  if (checked.success) return checked.data;
  throw new McpError(ErrorCode.InvalidParams, `Invalid tools/call result: ${checked.error.message}`);
}

function errorResponse(id: JSONRPCRequest['id'], thrown: unknown): JSONRPCErrorResponse {
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
