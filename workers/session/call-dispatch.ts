/**
 * Serves a plain tool call without the SDK's protocol layer and, where it can, the long way of `tool-call.ts`. They take
 * the request through a schema twice and the result once, and make some forty promises and closures on the way, for tasks
 * above all; in a young thread that is most of what a call costs. Nearly all calls and results are so plain
 * (`src/protocol/json-rpc.ts`, `plain-calls.ts`) that nothing of it changes anything; every other one goes through it as before.
 *
 * A test sends the same calls both ways.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer, RegisteredTool } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ErrorCode,
  type JSONRPCErrorResponse,
  type JSONRPCRequest,
  McpError,
  type MessageExtraInfo,
  type Result,
} from '@modelcontextprotocol/sdk/types.js';
import type { RequestId } from '../../src/shared/frames.js';
import type { PlainCall } from './fast-path/plain-calls.js';
import { onUse } from './node/extra-on-use.js';
import { CALL, callHandlerOf, type Extra, type RequestHandler } from './sdk1/call-handlers.js';
import type { ProtocolEntries } from './sdk1/protocol-entries.js';
import {
  callTool,
  checkedResult,
  entriesOf,
  failedCall,
  type McpServerEntries,
  plainTool,
} from './sdk1/tool-call.js';
import type { Run, SessionAwareToolExecutor } from './sdk1/tool-executor.js';

/** The part of a transport that a call needs. */
interface CallTransport extends Pick<Transport, 'send' | 'sessionId'> {
  /** `send` for a request's result. Returns a promise only where it has to wait. */
  answer(id: RequestId, result: Result): Promise<void> | undefined;
  /** What a handler is told beside its request. */
  infoOf(requestId: RequestId): MessageExtraInfo;
}

export class CallDispatch {
  readonly #server: Server;
  readonly #protocol: ProtocolEntries;
  readonly #tools: McpServerEntries;
  readonly #transport: CallTransport;
  readonly #executor: SessionAwareToolExecutor;

  constructor(
    mcpServer: McpServer,
    protocol: ProtocolEntries,
    transport: CallTransport,
    executor: SessionAwareToolExecutor,
  ) {
    this.#server = mcpServer.server;
    this.#protocol = protocol;
    this.#tools = entriesOf(mcpServer);
    this.#transport = transport;
    this.#executor = executor;
  }

  /** Answers the call; `false` where it is one for the protocol layer all the same. */
  take(call: PlainCall, key: string): boolean {
    const registered = callHandlerOf(this.#server, this.#protocol);
    // With tasks, each handler is given a store.
    if (registered === undefined || this.#protocol._taskStore !== undefined) return false;
    const tools = this.#tools;
    // Only then is the handler McpServer's.
    const isOfTools = registered.first && tools._toolHandlersInitialized;
    const tool = isOfTools ? plainTool(tools, call.params.name) : undefined;
    void this.#serve(call, key, tool, registered.handler);
    return true;
  }

  /** @param tool `undefined` where the handler of `tools/call` has to be asked */
  async #serve(
    call: PlainCall,
    key: string,
    tool: RegisteredTool | undefined,
    handler: RequestHandler,
  ): Promise<void> {
    const requestId = call.id;
    const executor = this.#executor;
    const run = executor.runOf(requestId, key, CALL);
    const cancellations = this.#protocol._requestHandlerAbortControllers;
    cancellations.set(requestId, run);
    // Before Node 24 a handler's `AsyncLocalStorage.enterWith` would otherwise last for all later calls: it sets what the resource
    // has that runs at the moment, and that is the port itself. After this it is a promise of this call's own, as in the protocol layer.
    await undefined;
    let sent: Promise<void> | undefined;
    try {
      const extra = onUse(() => this.#extraOf(run, call));
      let result: unknown;
      try {
        result = await (tool === undefined
          ? executor.enter(run, handler, call, extra)
          : executor.enter(run, callTool, this.#tools, tool, call.params, extra));
      } catch (error) {
        executor.threw(requestId, error);
        result = tool && failedCall(this.#tools, error);
        if (result === undefined) throw error ?? new Error(`the handler of ${CALL} threw ${error}`);
      } finally {
        executor.settled(run);
      }
      const checked = checkedResult(result);
      if (!run.aborted) sent = this.#transport.answer(requestId, checked);
    } catch (error) {
      if (!run.aborted) sent = this.#transport.send(errorResponse(requestId, error));
    }
    try {
      if (sent !== undefined) await sent;
    } catch (error) {
      this.#protocol._onerror(new Error(`Failed to send response: ${error}`));
    }
    if (cancellations.get(requestId) === run) cancellations.delete(requestId);
  }

  /** What the protocol layer would give the handler, member by member: it may be spread. */
  #extraOf(run: Run, { params }: PlainCall): Extra {
    const { requestId } = run;
    const server = this.#server;
    const { authInfo, requestInfo, closeSSEStream, closeStandaloneSSEStream }: MessageExtraInfo =
      this.#transport.infoOf(requestId);
    const members: { readonly [Member in keyof Extra]: Extra[Member] | undefined } = {
      get signal() {
        return run.signal;
      },
      sessionId: this.#transport.sessionId,
      _meta: params._meta,
      sendNotification: async (notification) => {
        if (run.aborted) return;
        await server.notification(notification, { relatedRequestId: requestId });
      },
      sendRequest: async (request, resultSchema, options) => {
        if (run.aborted) throw new McpError(ErrorCode.ConnectionClosed, 'Request was cancelled');
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
