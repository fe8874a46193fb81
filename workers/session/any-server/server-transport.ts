/**
 * The transport of a server that the gateway has not made: a plain `Transport`, as either SDK defines it. JSON-RPC
 * crosses the port as text; the server receives and sends messages.
 *
 * The gateway sees nothing of such a server but its messages. So a request runs until it is answered; when the handler
 * of a cancelled one has ended, nothing shows.
 */
import { setImmediate } from 'node:timers';
import { declaredNotifications } from '../../../src/shared/declared-notifications.js';
import type { ServerMessage, ServerTransport } from '../../../src/shared/define-server.js';
import { messageOf } from '../../../src/shared/errors.js';
import type { SendFrame } from '../../../src/shared/frames/from-worker.js';
import type { MessageFrame } from '../../../src/shared/frames/to-worker.js';
import { isRequestId, type RequestId } from '../../../src/shared/request-id.js';
import type { AnyResponse } from '../../../src/shared/response-failure.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import type { TextResponse } from '../../list-inquiry.js';
import { currentRequest, Run, runIn } from '../current-request.js';
import { RequestInfo } from '../request-info.js';
import { idOf, toFrame } from '../send-frame.js';
import { SendWindow } from '../send-window.js';
import type { SessionServerOwner } from '../session-server.js';
import { AskedRequests } from './asked-requests.js';
import { LogLevel } from './log-level.js';

const INTERNAL_ERROR = -32603;

type Fields = Readonly<Record<string, unknown>>;
type Response = AnyResponse & { readonly id: RequestId };

/** A request that the server has not answered. */
class OpenRequest {
  readonly run: Run;
  readonly params: Fields | undefined;

  constructor(run: Run, params: Fields | undefined) {
    this.run = run;
    this.params = params;
  }
}

export class AnyServerTransport implements ServerTransport {
  onmessage?: (message: ServerMessage, extra?: object) => unknown;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly sessionId: string;
  /** Resolves when the server has called `start`. */
  readonly started: Promise<void>;

  readonly #context: SessionContext;
  readonly #owner: SessionServerOwner;
  readonly #window: SendWindow;
  readonly #requestInfo: RequestInfo;
  readonly #open = new Map<RequestId, OpenRequest>();
  readonly #asked: AskedRequests;
  readonly #logLevel = new LogLevel();
  /** Requests of a replay, and the functions that wait for their answers. An earlier thread has sent these. */
  readonly #swallowed = new Map<RequestId, (response: TextResponse) => void>();
  /** Cancelled requests whose handlers are given a turn to end. */
  #aborting = 0;
  #closed = false;
  #start: () => void = () => {};

  constructor(context: SessionContext, firstRequestId: number, owner: SessionServerOwner) {
    this.sessionId = context.sessionId;
    this.#context = context;
    this.#owner = owner;
    this.#window = new SendWindow(owner);
    this.#requestInfo = new RequestInfo(context, owner);
    this.#asked = new AskedRequests(firstRequestId);
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
  }

  async start(): Promise<void> {
    this.#start();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.onClosed();
    this.onclose?.();
  }

  /** Nothing that arrives is answered any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a request is open, or a message has not reached the client, or waits for its answer. */
  get busy(): boolean {
    return this.#open.size > 0 || this.#aborting > 0 || this.#window.waits || this.#asked.any;
  }

  /** Passes one message of the client to the server. The main thread has checked and classified it. */
  deliver({ key, body }: MessageFrame): void {
    // The main thread answers what has arrived meanwhile, and ends the session.
    if (this.#closed) return;
    const given = JSON.parse(body) as Fields;
    const { tools } = this.#owner;
    if (tools === undefined) return this.#receive(given, key);
    const viewed = tools.request(given);
    if (viewed.error === undefined) return this.#receive(viewed.message, key);
    const { id, method } = given;
    // Nobody waits for an answer to anything else.
    if (typeof method === 'string' && isRequestId(id))
      void this.#window.send(toFrame(response(id, { error: viewed.error }), undefined));
  }

  /** See `SessionServer`. */
  replay(body: string): Promise<TextResponse | undefined> {
    const { id, method } = JSON.parse(body) as Fields;
    return new Promise((resolve) => {
      if (!this.#closed && typeof method === 'string' && isRequestId(id)) this.#swallowed.set(id, resolve);
      else resolve(undefined);
      this.deliver({ type: 'message', key: '', body, fastPath: false, stateless: false });
    });
  }

  /** See `SessionServer`. The request has settled when its handler has been aborted and everything due has run. */
  cancel(requestId: RequestId, reason: string): void {
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    const { run } = open;
    run.cancelled = true;
    this.#open.delete(requestId);
    this.#aborting += 1;
    this.#pass({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } });
    // A handler that has been aborted and still blocks the thread keeps this from running.
    setImmediate(() => {
      this.#aborting -= 1;
      this.#settled(run);
    });
  }

  /** The session ends: no open request is answered any more. Returns whether there was one. */
  cancelAll(): boolean {
    const any = this.#open.size > 0 || this.#aborting > 0;
    for (const { run } of this.#open.values()) run.cancelled = true;
    return any;
  }

  /** This many characters have left the main thread. */
  credit(chars: number): void {
    this.#window.credit(chars);
  }

  async send(sent: ServerMessage, options?: { readonly relatedRequestId?: unknown }): Promise<void> {
    // Nobody would read it.
    if (this.#closed) return;
    const message: unknown = sent;
    if (typeof message !== 'object' || message === null)
      throw new TypeError(`a message is an object, not ${message === null ? 'null' : `a ${typeof message}`}`);
    if (!('method' in message)) return this.#answer(message as Response);
    const related = idOf(options?.relatedRequestId) ?? currentRequest()?.requestId;
    if ('id' in message) return this.#ask(message as Fields, related);
    return this.#notify(message as Fields & { readonly method: string }, related);
  }

  /** @param message as the server is meant to receive it */
  #receive(message: Fields, key: string): void {
    const { id, method, params } = message;
    if (typeof method !== 'string') {
      const theirs = this.#asked.answered(id);
      if (theirs !== undefined) this.#pass({ ...message, jsonrpc: '2.0', id: theirs });
      return;
    }
    const { lists } = this.#owner;
    if (!isRequestId(id)) {
      this.#pass(message as unknown as ServerMessage);
      if (method === 'notifications/initialized') lists?.initialized();
      return;
    }
    if (method === 'tools/call') lists?.called();
    const run = new Run(key, id, method, this.#context);
    this.#open.set(id, new OpenRequest(run, params as Fields | undefined));
    this.#serve(run, message as unknown as ServerMessage);
  }

  /** Calls the server's `onmessage` in the request's context. It may be async, and throw. */
  #serve(run: Run, message: ServerMessage): void {
    const failed = (error: unknown): void => {
      const why = { code: INTERNAL_ERROR, message: messageOf(error) };
      void this.#answer(response(run.requestId, { error: why }));
    };
    try {
      const returned: unknown = runIn(run, () =>
        this.onmessage?.(message, this.#requestInfo.of(run.requestId)),
      );
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** For a message to which there is no answer. */
  #pass(message: ServerMessage): void {
    const failed = (error: unknown): void =>
      this.#owner.onError(new Error(`the server's onmessage failed: ${messageOf(error)}`));
    try {
      const returned: unknown = this.onmessage?.(message);
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #answer(answer: Response): Promise<void> {
    const { id } = answer;
    const open = this.#open.get(id);
    // It was cancelled, or has been answered: the client expects nothing more.
    if (open === undefined) return Promise.resolve();
    this.#open.delete(id);
    const { run, params } = open;
    const frame = this.#responseFrame(run.method, answer);
    if (frame.failure === undefined && run.method === 'logging/setLevel') this.#logLevel.set(params?.level);
    const swallow = this.#swallowed.get(id);
    this.#swallowed.delete(id);
    this.#settled(run);
    if (swallow === undefined) return this.#window.send(frame);
    swallow({ message: answer, body: frame.body });
    return Promise.resolve();
  }

  #responseFrame(method: string, answer: Response): SendFrame {
    const { tools, lists } = this.#owner;
    const isResult = 'result' in answer;
    const viewed =
      tools === undefined || !isResult ? answer : { ...answer, result: tools.result(method, answer.result) };
    const frame = toFrame(viewed, undefined);
    if (isResult && method === 'tools/list' && this.#context.era === 'stateless')
      this.#owner.given((viewed as { readonly result?: Fields }).result?.tools);
    if (method !== 'initialize' || !isResult) return frame;
    if (!this.#swallowed.has(answer.id)) lists?.introduced({ message: answer, body: frame.body });
    return { ...frame, declared: declaredNotifications(answer.result) };
  }

  #ask(request: Fields, related: RequestId | undefined): Promise<void> {
    const id = this.#asked.ask(request.id);
    try {
      return this.#window.send(toFrame({ ...request, method: String(request.method), id }, related));
    } catch (error) {
      this.#asked.answered(id);
      throw error;
    }
  }

  #notify(notification: Fields & { readonly method: string }, related: RequestId | undefined): Promise<void> {
    const { method } = notification;
    const params = notification.params as Fields | undefined;
    if (method === 'notifications/message' && this.#logLevel.excludes(params?.level))
      return Promise.resolve();
    if (method === 'notifications/cancelled') {
      const requestId = this.#asked.withdrawn(params?.requestId);
      if (requestId === undefined) return Promise.resolve();
      return this.#window.send(toFrame({ ...notification, params: { ...params, requestId } }, undefined));
    }
    const relatedTo = BELONGS_TO_CALL.has(method) ? related : undefined;
    const frame = toFrame({ ...notification, params }, relatedTo, this.#context.era === 'stateless');
    // See `PortTransport`.
    if (frame.listChanged && this.#owner.lists?.listChanged() && frame.topic !== undefined)
      return Promise.resolve();
    return this.#window.send(frame);
  }

  #settled(run: Run): void {
    run.over = true;
    this.#owner.onSettled(run);
  }
}

/** Other notifications tell of the session. */
const BELONGS_TO_CALL: ReadonlySet<string> = new Set(['notifications/progress', 'notifications/message']);

function response(id: RequestId, answer: AnyResponse): Response & { readonly jsonrpc: '2.0' } {
  return { jsonrpc: '2.0', id, ...answer };
}
