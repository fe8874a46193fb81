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
import type { InputRequiredFrame, SendFrame } from '../../../src/shared/frames/from-worker.js';
import type { MessageFrame, ResumeFrame } from '../../../src/shared/frames/to-worker.js';
import { INITIALIZED } from '../../../src/shared/initialized.js';
import { isRequestId, type RequestId } from '../../../src/shared/request-id.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import { nextTurn } from '../../stateless/left-behind.js';
import type { ServerResponse, StatelessMessage } from '../../stateless/stateless-calls.js';
import { type ServerCall, StatelessSide, type StatelessSideOwner } from '../../stateless/stateless-side.js';
import type { TextResponse } from '../../text-response.js';
import { currentRequest, Run, runIn } from '../current-request.js';
import { RequestInfo } from '../request-info.js';
import { idOf, toFrame } from '../send-frame.js';
import { SendWindow } from '../send-window.js';
import type { SessionServerOwner, SessionTransport } from '../session-server.js';
import { AskedRequests } from './asked-requests.js';
import { LogLevel } from './log-level.js';
import { receive } from './receiver.js';
import { INTERNAL_ERROR, type Response, response, responseIn } from './responses.js';
import { SUBSCRIBES, withEnvelope } from './sdk2-era.js';

type Fields = Readonly<Record<string, unknown>>;

/** A request that the server has not answered. */
class OpenRequest {
  readonly run: Run;
  readonly params: Fields | undefined;
  /** What its handler threw, of which the answer may not say everything. */
  thrown: unknown;

  constructor(run: Run, params: Fields | undefined) {
    this.run = run;
    this.params = params;
  }
}

export class AnyServerTransport implements SessionTransport, ServerTransport, StatelessSideOwner {
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
  /** Of a compartment of the stateless era. */
  readonly #stateless: StatelessSide | undefined;
  readonly #bindToStatelessEra: () => boolean;
  /** Whether the server speaks that era itself. */
  #speaksStateless = false;
  /** Requests of a replay, and the functions that wait for their answers. An earlier thread has sent these. */
  readonly #swallowed = new Map<RequestId, (response: TextResponse) => void>();
  /** Cancelled requests whose handlers are given a turn to end. */
  #aborting = 0;
  #closed = false;
  #start: () => void = () => {};

  /**
   * @param firstRequestId where the ids of requests to the client begin
   * @param bindToStatelessEra binds the server to the stateless era, where it can; called when it has been initialized
   */
  constructor(
    context: SessionContext,
    firstRequestId: number,
    owner: SessionServerOwner,
    bindToStatelessEra: () => boolean,
  ) {
    this.sessionId = context.sessionId;
    this.#context = context;
    this.#owner = owner;
    this.#window = new SendWindow(owner);
    this.#requestInfo = new RequestInfo(context, owner);
    this.#asked = new AskedRequests(firstRequestId);
    this.#bindToStatelessEra = bindToStatelessEra;
    if (context.era === 'stateless') this.#stateless = new StatelessSide(this);
    if (this.#stateless !== undefined) this.#stateless.calls.handleTools = owner.handleTools;
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

  /** Whether a request is open, or a message has not reached the client. */
  get busy(): boolean {
    return this.#open.size > 0 || this.#aborting > 0 || this.#window.waits;
  }

  /** Whether a message of the server waits for its client's answer. */
  get asks(): boolean {
    return this.#asked.any;
  }

  /** Passes one message of the client to the server. The main thread has checked and classified it. */
  deliver({ key, body, stateless }: MessageFrame): void {
    // The main thread answers what has arrived meanwhile, and ends the session.
    if (this.#closed) return;
    const given = JSON.parse(body) as Fields;
    const id = stateless ? key : given.id;
    const { method } = given;
    const isRequest = typeof method === 'string' && isRequestId(id);
    const open = isRequest ? this.#opened(new Run(key, id, method, this.#context), given.params) : undefined;
    const message = stateless ? this.#arrived(key, given as unknown as StatelessMessage) : this.#own(given);
    if (message === undefined) return;
    const viewed = this.#owner.tools?.request(message as Fields);
    if (viewed?.error === undefined) return this.#receive((viewed?.message ?? message) as Fields, open);
    // Nobody waits for an answer to anything else.
    if (open !== undefined) void this.#answer(response(open.run.requestId, { error: viewed.error }));
  }

  /** The client continues a call of the stateless era whose handler waits for it. */
  resume(frame: ResumeFrame): void {
    if (!this.#closed) this.#stateless?.resumed(frame);
  }

  /** What the client can do, as it says of the request whose handler runs here; `undefined` outside of the stateless era. */
  get declaredCapabilities(): Fields | undefined {
    const key = currentRequest()?.requestId;
    return key === undefined ? undefined : this.#stateless?.calls.get(key)?.capabilities;
  }

  /** The answer of a client of the stateless era to a request of the server. */
  receive(answer: Fields): void {
    if (!this.#closed) this.#receiveAnswer(answer);
  }

  /** A response that the gateway gives in the server's place. */
  respond(answer: unknown): void {
    void this.#answer(answer as Response);
  }

  ask(frame: InputRequiredFrame): void {
    this.#window.ask(frame);
  }

  /** See `SessionTransport`. */
  replay(body: string): Promise<TextResponse | undefined> {
    const { id, method } = JSON.parse(body) as Fields;
    return new Promise((resolve) => {
      const answered = (answer: TextResponse): void => {
        if (method === 'initialize' && 'result' in answer.message) this.#introduced(answer.message.result);
        resolve(answer);
      };
      if (!this.#closed && typeof method === 'string' && isRequestId(id)) this.#swallowed.set(id, answered);
      else resolve(undefined);
      this.deliver({ type: 'message', key: '', body, fastPath: false, stateless: false });
    });
  }

  /** See `SessionTransport`. The request has settled when its handler has been aborted and everything due has run. */
  cancel(requestId: RequestId, reason: string): void {
    const open = this.#open.get(requestId);
    if (open === undefined) return;
    const { run } = open;
    run.cancelled = true;
    this.#open.delete(requestId);
    this.#stateless?.over(requestId);
    this.#aborting += 1;
    this.#pass({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } });
    // A handler that has been aborted and still blocks the thread keeps this from running.
    setImmediate(() => {
      this.#aborting -= 1;
      this.#settled(run);
    });
  }

  /** The handler of this request threw. */
  threw(requestId: RequestId, error: unknown): void {
    const open = this.#open.get(requestId);
    if (open !== undefined) open.thrown = error;
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
    const { id, ...rest } = message as Fields;
    if (typeof rest.method !== 'string') return this.#answer(responseIn(message as Fields));
    const named = rest as Fields & { readonly method: string };
    const related = idOf(options?.relatedRequestId) ?? currentRequest()?.requestId;
    return id === undefined ? this.#notify(named, related) : this.#ask(named, id, related);
  }

  #opened(run: Run, params: unknown): OpenRequest {
    const open = new OpenRequest(run, params as Fields | undefined);
    this.#open.set(run.requestId, open);
    return open;
  }

  /** @returns the request as the server receives it; `undefined` if it has been answered */
  #arrived(key: string, message: StatelessMessage): StatelessMessage | undefined {
    if (this.#stateless === undefined) throw new Error('a request of the stateless era came to a session');
    return this.#stateless.arrived(key, message, this.#speaksStateless);
  }

  /**
   * A message of a session; in a compartment of the stateless era it is the gateway's own.
   * @returns what the server receives; `undefined` if it has been answered
   */
  #own(message: Fields): Fields | undefined {
    if (!this.#speaksStateless || typeof message.method !== 'string') return message;
    if (!SUBSCRIBES.has(message.method)) return withEnvelope(message);
    if (isRequestId(message.id)) void this.#answer(response(message.id, { result: {} }));
    return undefined;
  }

  /** The server has answered the gateway's `initialize`. */
  #introduced(result: unknown): void {
    if (this.#stateless === undefined) return;
    this.#stateless.calls.introduced(result);
    this.#speaksStateless = this.#bindToStatelessEra();
  }

  /** @param message as the server is meant to receive it */
  #receive(message: Fields, open: OpenRequest | undefined): void {
    const { method } = message;
    if (typeof method !== 'string') return this.#receiveAnswer(message);
    const { lists } = this.#owner;
    if (open === undefined) {
      this.#pass(message as unknown as ServerMessage);
      if (method === INITIALIZED) lists?.initialized();
      return;
    }
    if (method === 'tools/call') lists?.called();
    const { run } = open;
    runIn(
      run,
      receive,
      this,
      message as unknown as ServerMessage,
      this.#requestInfo.of(run.requestId),
      (error) => {
        this.threw(run.requestId, error);
        const why = { code: INTERNAL_ERROR, message: messageOf(error) };
        void this.#answer(response(run.requestId, { error: why }));
      },
    );
  }

  #receiveAnswer(answer: Fields): void {
    const theirs = this.#asked.answered(answer.id);
    if (theirs !== undefined) this.#pass({ ...answer, jsonrpc: '2.0', id: theirs });
  }

  /** For a message to which there is no answer. */
  #pass(message: ServerMessage): void {
    receive(this, message, undefined, (error) =>
      this.#owner.onError(new Error(`the server's onmessage failed: ${messageOf(error)}`, { cause: error })),
    );
  }

  /** @param looked whether what the handler has left behind has been looked at in an earlier turn of the event loop */
  #answer(answer: Response, looked = false): Promise<void> {
    const { id } = answer;
    const open = this.#open.get(id);
    // It was cancelled, or has been answered: the client expects nothing more.
    if (open === undefined) return Promise.resolve();
    // Its client is not there, and is going to continue the call.
    if (this.#stateless?.holds(id, () => void this.#answer(answer))) return Promise.resolve();
    const left = this.#stateless === undefined ? undefined : this.#owner.left();
    if (left !== undefined && !looked) return nextTurn().then(() => this.#answer(answer, true));
    this.#open.delete(id);
    const { run, params } = open;
    this.#settled(run);
    const frame = this.#withStack(this.#responseFrame(run.method, answer, left), open);
    if (frame.failure === undefined && run.method === 'logging/setLevel') this.#logLevel.set(params?.level);
    const swallow = this.#swallowed.get(id);
    this.#swallowed.delete(id);
    if (swallow === undefined) return this.#window.send(frame);
    swallow({ message: answer, body: frame.body });
    return Promise.resolve();
  }

  #withStack(frame: SendFrame, { thrown }: OpenRequest): SendFrame {
    const stack = frame.failure === undefined ? undefined : this.#owner.stackOf(thrown);
    return stack === undefined ? frame : { ...frame, stack };
  }

  #responseFrame(method: string, answer: Response, left: readonly string[] | undefined): SendFrame {
    const { tools, lists } = this.#owner;
    const isResult = 'result' in answer;
    const viewed =
      tools === undefined || !isResult ? answer : { ...answer, result: tools.result(method, answer.result) };
    const frame = this.#framed(method, viewed, left);
    if (method !== 'initialize' || !isResult) return frame;
    if (!this.#swallowed.has(answer.id)) lists?.introduced({ message: answer, body: frame.body });
    return { ...frame, declared: declaredNotifications(answer.result) };
  }

  /** A response to a request of the stateless era has the client's id, and is known by the key. */
  #framed(method: string, answer: Response, left: readonly string[] | undefined): SendFrame {
    const stateless = this.#stateless?.calls.response(answer as ServerResponse);
    if (stateless === undefined) return toFrame(answer, undefined);
    const { id } = answer;
    this.#stateless?.over(id);
    if (method === 'tools/list') this.#owner.given((stateless.result as Fields | undefined)?.tools);
    const frame = toFrame(stateless as Response, undefined);
    return { ...frame, id, relatedTo: id, ...(left !== undefined && { left }) };
  }

  #ask(
    request: Fields & { readonly method: string },
    theirs: unknown,
    related: RequestId | undefined,
  ): Promise<void> {
    const id = this.#asked.ask(theirs);
    const asked = { ...request, id };
    try {
      if (this.#stateless === undefined) return this.#window.send(toFrame(asked, related));
      this.#stateless.forClient(asked, related);
      return Promise.resolve();
    } catch (error) {
      this.#asked.answered(id);
      throw error;
    }
  }

  #notify(notification: Fields & { readonly method: string }, related: RequestId | undefined): Promise<void> {
    const { method } = notification;
    const params = notification.params as Fields | undefined;
    if (method === 'notifications/message' && this.#isUnwanted(params?.level, related))
      return Promise.resolve();
    let sent: typeof notification | undefined = notification;
    if (method === 'notifications/cancelled') {
      const requestId = this.#asked.withdrawn(params?.requestId);
      if (requestId === undefined) return Promise.resolve();
      sent = { ...notification, params: { ...params, requestId } };
    }
    if (this.#stateless !== undefined)
      sent = this.#stateless.forClient(sent as ServerCall, related) as typeof sent;
    if (sent === undefined) return Promise.resolve();
    const relatedTo = BELONGS_TO_CALL.has(method) ? related : undefined;
    const frame = toFrame(sent as ServerCall, relatedTo, this.#stateless !== undefined);
    // See `PortTransport`.
    if (frame.listChanged && this.#owner.lists?.listChanged() && frame.topic !== undefined)
      return Promise.resolve();
    return this.#window.send(frame);
  }

  /** Whether the client has asked not to receive log messages of this level. */
  #isUnwanted(level: unknown, related: RequestId | undefined): boolean {
    return this.#stateless === undefined
      ? this.#logLevel.excludes(level)
      : !this.#stateless.calls.wantsLog(related, level);
  }

  #settled(run: Run): void {
    run.over = true;
    this.#owner.onSettled(run);
  }
}

/** Other notifications tell of the session. */
const BELONGS_TO_CALL: ReadonlySet<string> = new Set(['notifications/progress', 'notifications/message']);
