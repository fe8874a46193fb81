/**
 * The fast path: serves a simple tool call without the SDK's protocol layer and, if possible, without McpServer's own
 * checks (`sdk1/tool-call.ts`). The SDK takes the request through a schema twice and the result once, and creates some
 * forty promises and closures, mostly for tasks. In a cold thread that is most of what a call takes. Nearly all calls
 * and results are so simple that none of it changes anything. All others go through the SDK.
 *
 * This file is the only door: nothing outside of this folder imports another file of it. The option `fast-path` turns
 * it off, and every test passes without it. ADR 13 says what it is worth and how to remove it.
 */
import type { RequestId } from '../../../src/shared/request-id.js';
import { CALL, callHandlerOf, type Extra, type RequestHandler } from '../sdk1/call-handlers.js';
import type { SessionMcpServer } from '../sdk1/mcp-server.js';
import type { ProtocolEntries } from '../sdk1/protocol-entries.js';
import { type CallTransport, errorResponse, extraOf } from '../sdk1/protocol-layer.js';
import { entriesOf, failedCall, type McpServerEntries, type ToolCallRequest } from '../sdk1/tool-call.js';
import type { SessionAwareToolExecutor } from '../sdk1/tool-executor.js';
import { checkedFastResult } from './fast-result.js';
import { callFastTool, type FastTool, fastTool } from './fast-tool.js';
import { lazyObject } from './lazy-extra.js';

/** A call for which the main thread has set `fastPath`: the SDK's schema would make an equal copy of it. */
interface FastCall extends ToolCallRequest {
  readonly id: RequestId;
}

export class FastPath {
  readonly #server: SessionMcpServer['server'];
  readonly #protocol: ProtocolEntries;
  readonly #tools: McpServerEntries;
  readonly #transport: CallTransport;
  readonly #executor: SessionAwareToolExecutor;

  constructor(
    mcpServer: SessionMcpServer,
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

  /**
   * Serves the call and sends its answer.
   * @param message a message for which the main thread has set `fastPath`
   * @param key the key of the request, unique in the whole gateway
   * @returns `false` if the SDK has to serve it after all; nothing has been done then
   */
  tryServe(message: unknown, key: string): boolean {
    const registered = callHandlerOf(this.#server, this.#protocol);
    // With tasks, each handler receives a task store.
    if (registered === undefined || this.#protocol._taskStore !== undefined) return false;
    const call = message as FastCall;
    const tools = this.#tools;
    // Only then is it McpServer's own handler.
    const isOfTools = registered.first && tools._toolHandlersInitialized;
    const tool = isOfTools ? fastTool(tools, call.params.name) : undefined;
    void this.#serve(call, key, tool, registered.handler);
    return true;
  }

  /** @param tool `undefined` if the handler of `tools/call` has to be called */
  async #serve(
    call: FastCall,
    key: string,
    tool: FastTool | undefined,
    handler: RequestHandler,
  ): Promise<void> {
    const requestId = call.id;
    const executor = this.#executor;
    const run = executor.runOf(requestId, key, CALL);
    const cancellations = this.#protocol._requestHandlerAbortControllers;
    const controller = new AbortController();
    const { signal } = controller;
    cancellations.set(requestId, controller);
    // Before Node 24, a handler's `AsyncLocalStorage.enterWith` would otherwise last for all later calls: it changes
    // the resource that runs at the moment, which is the port. After this line it is a promise of this call, as in the
    // protocol layer.
    await undefined;
    let sent: Promise<void> | undefined;
    try {
      const extra: Extra = lazyObject(() =>
        extraOf(this.#server, this.#transport, requestId, signal, call.params),
      );
      let result: unknown;
      try {
        result = await (tool === undefined
          ? executor.enter(run, handler, call, extra)
          : executor.enter(run, callFastTool, this.#tools, tool, call.params, extra));
      } catch (error) {
        executor.threw(requestId, error);
        result = tool && failedCall(this.#tools, error);
        if (result === undefined) throw error ?? new Error(`the handler of ${CALL} threw ${error}`);
      } finally {
        run.cancelled = signal.aborted;
        executor.settled(run);
      }
      const checked = checkedFastResult(result);
      if (!signal.aborted) sent = this.#transport.answer(requestId, checked);
    } catch (error) {
      if (!signal.aborted) sent = this.#transport.send(errorResponse(requestId, error));
    }
    try {
      if (sent !== undefined) await sent;
    } catch (error) {
      this.#protocol._onerror(new Error(`Failed to send response: ${error}`));
    }
    if (cancellations.get(requestId) === controller) cancellations.delete(requestId);
  }
}
