/** Which request runs: from its arrival until its handler has settled, even after an `await`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestId } from '../../src/shared/request-id.js';
import type { SessionAwareRequest, SessionContext } from '../../src/shared/session-context.js';

/**
 * A request from its arrival until its answer or, if it was cancelled, until its handler has settled; and the context
 * in which its handler runs.
 */
export class Run implements SessionAwareRequest {
  // Declared, and set below: class fields would be defined first, which takes many times as long in a cold thread.
  declare readonly key: string;
  declare readonly requestId: RequestId;
  declare readonly method: string;
  declare readonly context: SessionContext;
  /** It outlives its handler: a promise that the handler did not wait for no longer belongs to the request. */
  declare over: boolean;
  /** Nobody waits for its answer. */
  declare cancelled: boolean;

  constructor(key: string, requestId: RequestId, method: string, context: SessionContext) {
    this.key = key;
    this.requestId = requestId;
    this.method = method;
    this.context = context;
    this.over = false;
    this.cancelled = false;
  }
}

const running = new AsyncLocalStorage<Run>();

/** Calls the function, and all that it starts, in the context of this request. */
export function runIn<Parameters extends unknown[], Result>(
  run: Run,
  call: (...parameters: Parameters) => Result,
  ...parameters: Parameters
): Result {
  return running.run(run, call, ...parameters);
}

/** The request whose handler runs here, even after an `await`; `undefined` outside of a handler. */
export function currentRequest(): SessionAwareRequest | undefined {
  const run = running.getStore();
  return run?.over === false ? run : undefined;
}

/** The gateway's key of that request. */
export function currentRequestKey(): string | undefined {
  return currentRequest()?.key;
}
