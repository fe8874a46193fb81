/**
 * Tracks what runs in the session: every request handler, from its start until it has settled, whether its request was
 * answered, failed or cancelled. The SDK forgets a cancelled request at once and does not report when its handler ends,
 * but the kill ladder must know.
 */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import { ShortMap } from '../../../src/shared/short-map.js';
import { Run, runIn } from '../current-request.js';
import { CALL, type Extra, handlerRegistered, type RequestHandler } from './call-handlers.js';
import { refuseInvalidParams } from './invalid-params.js';
import { methodOf, ownHandler } from './mcp-server-handlers.js';
import { protocolOf } from './protocol-entries.js';
import { checkedResult, type ToolCallRequest } from './tool-call.js';

export class SessionAwareToolExecutor {
  readonly #context: SessionContext;
  readonly #onSettled: (run: Run) => void;
  /** By JSON-RPC id. */
  readonly #arrivals = new ShortMap<RequestId, Run>();
  /** What failed requests threw, until they are answered. */
  readonly #thrown = new ShortMap<RequestId, unknown>();
  #active = 0;
  #idle: (() => void) | undefined;

  constructor(context: SessionContext, onSettled: (run: Run) => void) {
    this.#context = context;
    this.#onSettled = onSettled;
  }

  /** A request has arrived and is about to be passed to the SDK, which gives the handler only the request's id. */
  arrived(requestId: RequestId, key: string, method: string): void {
    this.#arrivals.set(requestId, this.runOf(requestId, key, method));
  }

  /** For a request that is not passed to the SDK. Whoever serves it must call `enter` and `settled`. */
  runOf(requestId: RequestId, key: string, method: string): Run {
    return new Run(key, requestId, method, this.#context);
  }

  /** The method of a request that the SDK has not answered. */
  methodOf(requestId: RequestId): string | undefined {
    return this.#arrivals.get(requestId)?.method;
  }

  /** The request has been answered, possibly without a handler (an unknown method, for example). */
  answered(requestId: RequestId): void {
    this.#arrivals.delete(requestId);
  }

  /** The request fails with this error, of which its answer does not say everything. */
  threw(requestId: RequestId, error: unknown): void {
    this.#thrown.set(requestId, error);
  }

  /** What was passed to `threw` for the request that is answered now. */
  thrownBy(requestId: RequestId): unknown {
    const error = this.#thrown.get(requestId);
    this.#thrown.delete(requestId);
    return error;
  }

  /** Its handler is about to be aborted: the SDK will send no answer. */
  cancelled(requestId: RequestId): void {
    const run = this.#arrivals.get(requestId);
    if (run !== undefined) run.cancelled = true;
  }

  /** The same for all requests. */
  allCancelled(): void {
    for (const run of this.#arrivals.values()) run.cancelled = true;
  }

  /** Runs one request's handler in its request's context and reports when it has settled. */
  async run(method: string, { requestId }: Extra, handler: () => unknown): Promise<unknown> {
    const run = this.#arrivals.get(requestId) ?? this.runOf(requestId, '', method);
    try {
      return await this.enter(run, handler);
    } catch (error) {
      this.threw(requestId, error);
      // The SDK reads members of what was thrown. For `undefined` it would leave the request without an answer.
      throw error ?? new Error(`the handler of ${method} threw ${error}`);
    } finally {
      this.settled(run);
    }
  }

  /** Calls the handler in its request's context. However it ends, `settled` must be called afterwards. */
  enter<Parameters extends unknown[], Result>(
    run: Run,
    handler: (...parameters: Parameters) => Result,
    ...parameters: Parameters
  ): Result {
    this.#active += 1;
    return runIn(run, handler, ...parameters);
  }

  /** Must be called after `enter`, when the handler's promise has settled or the handler has thrown. */
  settled(run: Run): void {
    run.over = true;
    this.#active -= 1;
    if (run.cancelled) {
      this.#thrown.delete(run.requestId);
      if (this.#arrivals.get(run.requestId) === run) this.#arrivals.delete(run.requestId);
    }
    this.#onSettled(run);
    if (this.#active === 0) this.#idle?.();
  }

  /** Whether a handler runs. */
  get busy(): boolean {
    return this.#active > 0;
  }

  /** Resolves when no handler runs any more. Called once, when the session ends. */
  idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }
}

let executor: SessionAwareToolExecutor | undefined;

/**
 * Makes every request handler of this thread's server run through the executor. `setRequestHandler` is the one public
 * function through which all handlers pass, including McpServer's own. McpServer creates its Server itself and
 * registers handlers during its construction, so only the prototype can be changed early enough. A thread has one
 * session, and therefore one executor.
 */
export function installToolExecutor(instance: SessionAwareToolExecutor): void {
  if (executor === undefined) {
    const register = Server.prototype.setRequestHandler as (
      this: Server,
      schema: unknown,
      handler: RequestHandler,
    ) => void;
    const registerTracked = function (this: Server, schema: unknown, given: RequestHandler): void {
      const own = ownHandler(this, schema, given, (requestId, error) => executor?.threw(requestId, error));
      const handler = own ?? given;
      register.call(this, schema, track(own === undefined ? withCheckedResult(handler) : handler));
      refuseInvalidParams(protocolOf(this), methodOf(schema));
      handlerRegistered(this, schema, handler);
    };
    Server.prototype.setRequestHandler =
      registerTracked as unknown as typeof Server.prototype.setRequestHandler;
  }
  executor = instance;
}

/** The same for the one handler that is a property. */
export function trackFallbackHandler(server: Server): void {
  let fallback: RequestHandler | undefined;
  Object.defineProperty(server, 'fallbackRequestHandler', {
    configurable: true,
    get: () => fallback,
    set: (handler: RequestHandler | undefined) => {
      fallback = handler === undefined ? undefined : track(handler);
    },
  });
}

function track(handler: RequestHandler): RequestHandler {
  return (request, extra) =>
    executor === undefined
      ? handler(request, extra)
      : executor.run(request.method, extra, () => handler(request, extra));
}

/** A module's own handler of tool calls may return anything; the SDK's error would blame the client. */
function withCheckedResult(handler: RequestHandler): RequestHandler {
  return async (request, extra) => {
    const result = await handler(request, extra);
    const isCall = request.method === CALL && (request as ToolCallRequest).params.task === undefined;
    return isCall ? checkedResult(result) : result;
  };
}
