/**
 * Requests of the stateless era, served by a server that speaks the session era. The server knows a request by the
 * gateway's key, because ids of different clients may be equal; its answer gets the client's id back, and the members that
 * this era asks for.
 */
import { type HandleTools, withHandleTools, withoutHandle } from '../../src/shared/handle-tools.js';
import type { RequestId } from '../../src/shared/request-id.js';
import {
  DISCOVER,
  discoverResult,
  type Introduction,
  introductionIn,
  statelessResult,
} from '../../src/shared/stateless.js';
import {
  META,
  SERVED_VERSIONS,
  STATELESS_CODE,
  STATELESS_LOG_LEVELS,
} from '../../src/shared/stateless-protocol.js';
import { askedUrls, URL_ELICITATION_REQUIRED } from './url-elicitations.js';

type Fields = Readonly<Record<string, unknown>>;

/** A request as the client has sent it. */
export interface StatelessMessage {
  readonly id: RequestId;
  readonly method: string;
  readonly params?: Fields;
}

/** A response of the server, to a request that it knows by the gateway's key. */
export interface ServerResponse {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly result?: unknown;
  /** Not checked. */
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
}

/** A request that has not been answered. */
export interface StatelessCall {
  readonly method: string;
  /** The client's id. */
  readonly id: RequestId;
  /** `params.uri`, if it reads a resource. */
  readonly uri: unknown;
  /** What the client says of this one request. */
  readonly capabilities: Fields;
  /** The minimum level of log messages that it wants; `undefined`: it wants none. */
  readonly logLevel: unknown;
  /** The client's own; `undefined`: it wants no progress. */
  readonly progressToken: unknown;
}

/** Versions that are served. */

/** Codes of the session era that this one does not have (2026-07-28, Error Codes). */
const RESOURCE_NOT_FOUND = -32002;
const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
/**
 * This era reserves them (2026-07-28, Error Codes). Of what it defines there, a server says only that a capability is
 * missing; of a server of the session era, they mean something else, and clients repeat a call after -32020.
 */
const OLD_RANGE = { from: -32099, to: -32000 };

export class StatelessCalls {
  readonly #calls = new Map<RequestId, StatelessCall>();
  /** What is added to the tools of a server with affinity `handle`. */
  handleTools: HandleTools | undefined;
  #introduction: Introduction = introductionIn(undefined);

  /** @param result what the server has answered to the gateway's `initialize` */
  introduced(result: unknown): void {
    this.#introduction = introductionIn(result);
  }

  /** What the server has told of itself. */
  get introduction(): Introduction {
    return this.#introduction;
  }

  /** The request that the server knows by this id. */
  get(key: RequestId): StatelessCall | undefined {
    return this.#calls.get(key);
  }

  /**
   * A request has arrived.
   * @returns the message for the server. Its progress token is the key as well: those of different clients may be equal,
   *   and that of a call may change when its client continues it
   */
  arrived<Message extends StatelessMessage>(key: string, message: Message): Message {
    const call = callOf(message);
    this.#calls.set(key, call);
    const params = withoutTask(this.#paramsOf(message));
    if (call.progressToken === undefined) return { ...message, id: key, ...(params && { params }) };
    const meta = { ...(params?._meta as Fields), progressToken: key };
    return { ...message, id: key, params: { ...params, _meta: meta } };
  }

  /** Without the handle, which belongs to the gateway. */
  #paramsOf({ method, params }: StatelessMessage): Fields | undefined {
    const handled = this.handleTools !== undefined && method === 'tools/call' && params !== undefined;
    return handled ? withoutHandle(params) : params;
  }

  /**
   * Its client has sent another request that continues this one: the answer goes to that.
   * @returns `false` if it is over
   */
  continued(key: RequestId, message: StatelessMessage): boolean {
    if (!this.#calls.has(key)) return false;
    this.#calls.set(key, callOf(message));
    return true;
  }

  /** The request that has not been answered, if there is just one. */
  get only(): RequestId | undefined {
    if (this.#calls.size !== 1) return undefined;
    for (const key of this.#calls.keys()) return key;
    return undefined;
  }

  /** What only the gateway can answer; `undefined` if the server has to. */
  ownResult({ method }: StatelessMessage): Fields | undefined {
    return method === DISCOVER ? discoverResult(this.#introduction, SERVED_VERSIONS, 'single') : undefined;
  }

  /** The request is over, whether it was answered or not. */
  over(key: RequestId): void {
    this.#calls.delete(key);
  }

  /**
   * The response as the client receives it, after which the request is over; `undefined` if it answers no request of this
   * era.
   */
  response(response: ServerResponse): ServerResponse | undefined {
    const call = this.#calls.get(response.id);
    if (call === undefined) return undefined;
    this.#calls.delete(response.id);
    const { id, method, uri, capabilities } = call;
    const { error } = response;
    const asked = error && askedUrls(method, capabilities, error);
    if (error !== undefined && asked?.result === undefined)
      return { jsonrpc: '2.0', id, error: asked?.error ?? statelessError(error, uri) };
    const result = asked?.result ?? response.result;
    const fields = (typeof result === 'object' && result !== null ? result : {}) as Fields;
    return {
      jsonrpc: '2.0',
      id,
      result: method === DISCOVER ? fields : this.#result(method, fields),
    };
  }

  #result(method: string, fields: Fields): Fields {
    const tools = method === 'tools/list' ? this.handleTools : undefined;
    const result = tools === undefined ? fields : withHandleTools(fields, tools);
    return statelessResult(method, result, this.#introduction, 'single');
  }

  /** 2026-07-28, Logging: only what this very request asks for. */
  wantsLog(key: RequestId | undefined, level: unknown): boolean {
    const minimum = key === undefined ? undefined : this.#calls.get(key)?.logLevel;
    const levels: readonly unknown[] = STATELESS_LOG_LEVELS;
    return minimum !== undefined && levels.indexOf(level) >= levels.indexOf(minimum);
  }
}

function callOf({ id, method, params }: StatelessMessage): StatelessCall {
  const meta = (params?._meta ?? {}) as Fields;
  const { [META.clientCapabilities]: capabilities, [META.logLevel]: logLevel, progressToken } = meta;
  const uri = method === 'resources/read' ? params?.uri : undefined;
  return { id, method, uri, capabilities: (capabilities ?? {}) as Fields, logLevel, progressToken };
}

/** `task` is of 2025-11-25, and means nothing here; servers of that revision refuse what they cannot make a task of. */
function withoutTask(params: Fields | undefined): Fields | undefined {
  if (params === undefined || !('task' in params)) return params;
  const { task: _task, ...rest } = params;
  return rest;
}

/**
 * An error of a server that speaks the session era, with a code that this era has.
 * @param uri of the resource that was to be read: an error that it is missing should name it (2026-07-28, Resources,
 *   "Error Handling")
 */
function statelessError(
  error: NonNullable<ServerResponse['error']>,
  uri: unknown,
): NonNullable<ServerResponse['error']> {
  const { code } = error;
  if (code === RESOURCE_NOT_FOUND || (code === INVALID_PARAMS && uri !== undefined)) {
    return { ...(uri === undefined ? {} : { data: { uri } }), ...error, code: INVALID_PARAMS };
  }
  if (code === URL_ELICITATION_REQUIRED) return { ...error, code: INTERNAL_ERROR };
  const isOld =
    typeof code === 'number' &&
    code >= OLD_RANGE.from &&
    code <= OLD_RANGE.to &&
    code !== STATELESS_CODE.missingCapability;
  return isOld ? { ...error, code: STATELESS_CODE.gateway } : error;
}
