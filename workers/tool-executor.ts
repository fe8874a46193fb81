/**
 * Tracks what runs in the session: every request handler, from its start until it has settled, whether its
 * request was answered, failed or cancelled. The SDK forgets a cancelled request at once and says nothing when
 * its handler ends, but the kill ladder must know.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { RequestId } from '../src/shared/frames.js';
import type { SessionAwareRequest, SessionContext } from '../src/shared/session-context.js';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Handler = (request: { method: string }, extra: Extra) => unknown;

/** What a handler runs in. `over` outlives it: a promise that it left dangling belongs to no request any more. */
interface Run {
  readonly request: SessionAwareRequest;
  over: boolean;
}

const running = new AsyncLocalStorage<Run>();

/** The request whose handler runs here, also after its awaits; `undefined` outside of one. */
export function currentRequest(): SessionAwareRequest | undefined {
  const run = running.getStore();
  return run?.over === false ? run.request : undefined;
}

/** A request between its arrival and its answer, or, where it was cancelled, until its handler has settled. */
interface Arrival {
  readonly key: string;
  cancelled: boolean;
}

export interface SettledRequest {
  readonly request: SessionAwareRequest;
  readonly cancelled: boolean;
}

export class SessionAwareToolExecutor {
  readonly #context: SessionContext;
  readonly #onSettled: (settled: SettledRequest) => void;
  /** By JSON-RPC id. Asking the handler's signal instead would make one for each call. */
  readonly #arrivals = new Map<RequestId, Arrival>();
  #active = 0;
  #idle: (() => void) | undefined;

  constructor(context: SessionContext, onSettled: (settled: SettledRequest) => void) {
    this.#context = context;
    this.#onSettled = onSettled;
  }

  /** A request has arrived and is about to be handed to the SDK. */
  arrived(requestId: RequestId, key: string): void {
    this.#arrivals.set(requestId, { key, cancelled: false });
  }

  /** The request has been answered, possibly without any handler (an unknown method, say). */
  answered(requestId: RequestId): void {
    this.#arrivals.delete(requestId);
  }

  /** Its handler is about to be aborted: the SDK will send no answer. */
  cancelled(requestId: RequestId): void {
    const arrival = this.#arrivals.get(requestId);
    if (arrival !== undefined) arrival.cancelled = true;
  }

  /** The same for all. */
  allCancelled(): void {
    for (const arrival of this.#arrivals.values()) arrival.cancelled = true;
  }

  /** Runs one request's handler inside of its request's context and reports when it has settled. */
  run(method: string, extra: Extra, handler: () => unknown): Promise<unknown> {
    const { requestId } = extra;
    const arrival = this.#arrivals.get(requestId);
    const request: SessionAwareRequest = {
      key: arrival?.key ?? '',
      requestId,
      method,
      context: this.#context,
    };
    this.#active += 1;
    const run: Run = { request, over: false };
    return running.run(run, async () => {
      try {
        return await handler();
      } finally {
        run.over = true;
        this.#settle(request, arrival?.cancelled === true);
      }
    });
  }

  /** Whether a handler runs. */
  get busy(): boolean {
    return this.#active > 0;
  }

  /** Resolves when no handler runs any more. Called once, at the session's end. */
  idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #settle(request: SessionAwareRequest, cancelled: boolean): void {
    this.#active -= 1;
    if (cancelled) this.#arrivals.delete(request.requestId);
    this.#onSettled({ request, cancelled });
    if (this.#active === 0) this.#idle?.();
  }
}

let executor: SessionAwareToolExecutor | undefined;

/**
 * Makes every request handler of this thread's server run through the executor. `setRequestHandler` is the
 * one public place that all handlers pass, McpServer's own among them; McpServer makes its Server itself and
 * registers handlers while it is being constructed, so only the prototype comes early enough. A thread has one
 * session, hence one executor.
 */
export function installToolExecutor(instance: SessionAwareToolExecutor): void {
  if (executor === undefined) {
    const register = Server.prototype.setRequestHandler as (
      this: Server,
      schema: unknown,
      handler: Handler,
    ) => void;
    const tracked = function (this: Server, schema: unknown, handler: Handler): void {
      register.call(this, schema, track(handler));
    };
    Server.prototype.setRequestHandler = tracked as unknown as typeof Server.prototype.setRequestHandler;
  }
  executor = instance;
}

/** The same for the one handler that is a property. */
export function trackFallbackHandler(server: Server): void {
  let fallback: Handler | undefined;
  Object.defineProperty(server, 'fallbackRequestHandler', {
    configurable: true,
    get: () => fallback,
    set: (handler: Handler | undefined) => {
      fallback = handler === undefined ? undefined : track(handler);
    },
  });
}

function track(handler: Handler): Handler {
  return (request, extra) =>
    executor === undefined
      ? handler(request, extra)
      : executor.run(request.method, extra, () => handler(request, extra));
}
