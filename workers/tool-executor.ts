/**
 * Tracks what runs in the session: every request handler, from its start until it has settled, whether its
 * request was answered, failed or cancelled. The SDK forgets a cancelled request at once and says nothing when
 * its handler ends, but the kill ladder must know.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestId } from '../src/shared/frames.js';
import { NODE_MAJOR } from '../src/shared/node-version.js';
import type { SessionAwareRequest, SessionContext } from '../src/shared/session-context.js';
import { ShortMap } from '../src/shared/short-map.js';
import { type Extra, handlerRegistered, type RequestHandler } from './call-dispatch.js';

/** What a handler runs in. `over` outlives it: a promise that it left dangling belongs to no request any more. */
interface Run {
  readonly request: SessionAwareRequest;
  over: boolean;
}

/**
 * Before Node 24 an `AsyncLocalStorage` that is in use has every promise of its thread call seven functions and more, and
 * the SDK makes thirty promises for a call. Measured over 64 young threads on Node 20: half of a call's processor time,
 * most of it V8 optimising those functions. So a handler that runs alone is known without it, at the price that code
 * which belongs to no request is taken for that one's. Where that would matter, since child processes are killed with
 * their request, `trackRequests` ends it.
 */
const running = new AsyncLocalStorage<Run>();
let tracking = NODE_MAJOR >= 24;
/** The latest run that began while no other ran, and not in the storage. */
let alone: Run | undefined;
/** Handlers of this thread that have not settled. */
let unsettled = 0;

/** From now on every handler's code is told apart from code that belongs to no request, at a price before Node 24. */
export function trackRequests(): void {
  tracking = true;
}

/** The request whose handler runs here, also after its awaits; `undefined` outside of one. */
export function currentRequest(): SessionAwareRequest | undefined {
  const run = running.getStore() ?? alone;
  return run?.over === false ? run.request : undefined;
}

/** The same as the gateway's key, for what has to be right: from now on requests are tracked. */
export function currentRequestKey(): string | undefined {
  trackRequests();
  return currentRequest()?.key;
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
  readonly #arrivals = new ShortMap<RequestId, Arrival>();
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
  async run(method: string, extra: Extra, handler: () => unknown): Promise<unknown> {
    const { requestId } = extra;
    const arrival = this.#arrivals.get(requestId);
    const request: SessionAwareRequest = {
      key: arrival?.key ?? '',
      requestId,
      method,
      context: this.#context,
    };
    const run: Run = { request, over: false };
    this.#active += 1;
    unsettled += 1;
    try {
      if (tracking || unsettled > 1) return await running.run(run, handler);
      alone = run;
      return await handler();
    } catch (error) {
      // The SDK reads members of what was thrown, and would leave the request without an answer.
      throw error ?? new Error(`the handler of ${method} threw ${error}`);
    } finally {
      run.over = true;
      unsettled -= 1;
      // What a handler left dangling loses its context by that; its request is over, which says the same.
      if (unsettled === 0) running.disable();
      this.#settle(request, arrival?.cancelled === true);
    }
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
      handler: RequestHandler,
    ) => void;
    const registerTracked = function (this: Server, schema: unknown, handler: RequestHandler): void {
      const tracked = track(handler);
      register.call(this, schema, tracked);
      handlerRegistered(this, schema, tracked);
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
