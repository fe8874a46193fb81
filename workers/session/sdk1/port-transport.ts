/**
 * The SDK's `Transport` over a session thread's port. JSON-RPC crosses the port as text. Everything that the main
 * thread has to know about a message is sent beside the text, so that it never parses it.
 */

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js';
import type {
  JSONRPCMessage,
  JSONRPCResponse,
  MessageExtraInfo,
  Result,
} from '@modelcontextprotocol/sdk/types.js';
import { declaredNotifications } from '../../../src/shared/declared-notifications.js';
import type { InputRequiredFrame, SendFrame } from '../../../src/shared/frames/from-worker.js';
import type { MessageFrame, ResumeFrame } from '../../../src/shared/frames/to-worker.js';
import { INITIALIZED } from '../../../src/shared/initialized.js';
import { isRequestId, type RequestId } from '../../../src/shared/request-id.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import { nextTurn } from '../../stateless/left-behind.js';
import type { StatelessMessage } from '../../stateless/stateless-calls.js';
import { StatelessSide, type StatelessSideOwner } from '../../stateless/stateless-side.js';
import type { TextResponse } from '../../text-response.js';
import type { ToolView } from '../../tool-rules.js';
import { currentRequest } from '../current-request.js';
import { FastPath } from '../fast-path/fast-path.js';
import { RequestInfo } from '../request-info.js';
import { idOf, shortText, toFrame } from '../send-frame.js';
import { SendWindow } from '../send-window.js';
import type { SessionTransport, TransportOwner } from '../session-server.js';
import { type IsMessageIgnored, logLevelOf, type ProtocolEntries, protocolOf } from './protocol-entries.js';
import type { SessionAwareToolExecutor } from './tool-executor.js';

export class PortTransport implements SessionTransport, Transport, StatelessSideOwner {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void;
  readonly sessionId: string;

  readonly #owner: TransportOwner;
  readonly #executor: SessionAwareToolExecutor;
  readonly #window: SendWindow;
  readonly #requestInfo: RequestInfo;
  readonly #tools: ToolView | undefined;
  /**
   * Requests of a replay, and the functions that wait for their answers. An earlier thread of the session has already
   * sent these answers.
   */
  readonly #swallowed = new Map<RequestId, (response: TextResponse) => void>();
  /** Requests to the client that it has not answered. */
  readonly #asked = new Set<RequestId>();
  /** The client's `initialize`, until it has been answered. */
  #initializing: RequestId | undefined;
  #closed = false;
  #protocol!: ProtocolEntries;
  /** Unset if the option is off. */
  #fastPath: FastPath | undefined;
  #isMessageIgnored!: IsMessageIgnored;
  /** Of a compartment of the stateless era. */
  readonly #stateless: StatelessSide | undefined;

  constructor(context: SessionContext, owner: TransportOwner, executor: SessionAwareToolExecutor) {
    this.sessionId = context.sessionId;
    this.#owner = owner;
    this.#executor = executor;
    this.#tools = owner.tools;
    this.#window = new SendWindow(owner);
    this.#requestInfo = new RequestInfo(context, owner);
    if (context.era === 'stateless') this.#stateless = new StatelessSide(this);
    if (this.#stateless !== undefined) this.#stateless.calls.handleTools = owner.handleTools;
  }

  async start(): Promise<void> {}

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

  /** Sets the server to which this transport is connected. Must be called before anything is delivered. */
  bind(server: McpServer): void {
    this.#protocol = protocolOf(server.server);
    this.#isMessageIgnored = logLevelOf(server.server);
    if (this.#owner.fastPath) this.#fastPath = new FastPath(server, this.#protocol, this, this.#executor);
  }

  /** Whether a message of the server has not reached its client. */
  get busy(): boolean {
    return this.#window.waits;
  }

  /** Whether a message of the server waits for its client's answer. */
  get asks(): boolean {
    return this.#asked.size > 0 || this.#stateless?.asked === true;
  }

  /** Passes one message of the client to the SDK. The main thread has checked and classified it. */
  deliver({ key, body, fastPath, stateless }: MessageFrame): void {
    // The main thread answers what has arrived meanwhile, and ends the session.
    if (this.#closed) return;
    const value: unknown = stateless ? this.#arrived(key, JSON.parse(body)) : JSON.parse(body);
    if (value === undefined) return;
    if (this.#tools === undefined) return this.#receive(value as JSONRPCMessage, key, fastPath);
    const given = value as Readonly<Record<string, unknown>>;
    const viewed = this.#tools.request(given);
    if (viewed.error === undefined)
      return this.#receive(viewed.message as unknown as JSONRPCMessage, key, fastPath);
    // Nobody waits for an answer to anything else.
    if ('method' in given && isRequestId(given.id))
      void this.send({ jsonrpc: '2.0', id: given.id, error: viewed.error });
  }

  /** @returns the request as the server knows it; `undefined` if it has been answered */
  #arrived(key: string, message: StatelessMessage): StatelessMessage | undefined {
    if (this.#stateless === undefined) throw new Error('a request of the stateless era came to a session');
    return this.#stateless.arrived(key, message);
  }

  /** The client continues a call whose handler waits for it. */
  resume(frame: ResumeFrame): void {
    if (!this.#closed) this.#stateless?.resumed(frame);
  }

  /** What the client can do, as it says of the request whose handler runs here; `undefined` outside of the stateless era. */
  get declaredCapabilities(): Readonly<Record<string, unknown>> | undefined {
    const key = currentRequest()?.requestId;
    return key === undefined ? undefined : this.#stateless?.calls.get(key)?.capabilities;
  }

  receive(answer: JSONRPCResponse): void {
    if (!this.#closed) this.#protocol._onresponse(answer);
  }

  respond(response: unknown): void {
    void this.send(response as JSONRPCResponse);
  }

  ask(frame: InputRequiredFrame): void {
    this.#window.ask(frame);
  }

  /** @param message as the server is meant to receive it */
  #receive(message: JSONRPCMessage, key: string, fastPath: boolean): void {
    const { lists } = this.#owner;
    if (lists !== undefined && 'method' in message && message.method === 'tools/call') lists.called();
    if (fastPath && this.#fastPath?.tryServe(message, key) === true) return;
    if (!('method' in message)) {
      if (message.id !== undefined) this.#asked.delete(message.id);
      return this.#protocol._onresponse(message);
    }
    if (!('id' in message)) {
      this.#protocol._onnotification(message);
      if (message.method === INITIALIZED) this.#owner.lists?.initialized();
      return;
    }
    if (message.method === 'initialize') this.#initializing = message.id;
    this.#executor.arrived(message.id, key, message.method);
    this.#protocol._onrequest(message, this.infoOf(message.id));
  }

  /** What a handler receives besides its request. */
  infoOf(requestId: RequestId): MessageExtraInfo {
    return this.#requestInfo.of(requestId);
  }

  /**
   * Passes a message to the SDK that an earlier thread of this session has already received. Resolves when it would be
   * answered, with the answer.
   */
  replay(body: string): Promise<TextResponse | undefined> {
    const message = JSON.parse(body) as JSONRPCMessage;
    const { method } = message as { readonly method?: string };
    return new Promise((resolve) => {
      const answered = (answer: TextResponse): void => {
        if (method === 'initialize' && 'result' in answer.message)
          this.#stateless?.calls.introduced(answer.message.result);
        resolve(answer);
      };
      if (this.#closed) resolve(undefined);
      else if ('method' in message && 'id' in message) this.#swallowed.set(message.id, answered);
      else resolve(undefined);
      this.deliver({ type: 'message', key: '', body, fastPath: false, stateless: false });
    });
  }

  /** Aborts a request's handler, as if its client had sent `notifications/cancelled`. */
  cancel(requestId: RequestId, reason: string): void {
    this.#executor.cancelled(requestId);
    this.#stateless?.over(requestId);
    // At once, and even if the module has its own handler for the notification.
    this.#protocol._requestHandlerAbortControllers.get(requestId)?.abort(reason);
    this.#protocol._onnotification({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId, reason },
    });
  }

  /** @param looked whether what the handler has left behind has been looked at in an earlier turn of the event loop */
  send(given: JSONRPCMessage, options?: TransportSendOptions, looked = false): Promise<void> {
    const left = this.#leftBy(given);
    if (left !== undefined && !looked) return nextTurn().then(() => this.send(given, options, true));
    const relatedTo = idOf(options?.relatedRequestId) ?? (this.#stateless && currentRequest()?.requestId);
    if (this.#isUnwantedLogMessage(given, relatedTo)) return Promise.resolve();
    const sent = this.#stateless === undefined ? given : this.#ofItsEra(this.#stateless, given, relatedTo);
    if (sent === undefined) return Promise.resolve();
    const viewed = this.#tools === undefined ? sent : this.#asClientSees(sent, this.#tools);
    const message = this.#forItsEra(viewed);
    const framed = toFrame(message, relatedTo, this.#stateless !== undefined);
    const frame = this.#withDeclared(this.#withStack(this.#asKnown(framed, viewed, left)), message);
    // Otherwise each compartment of a server that adds to its lists while it starts would announce that.
    if (frame.listChanged && this.#owner.lists?.listChanged() && frame.topic !== undefined)
      return Promise.resolve();
    if (frame.kind === 'response' && frame.id !== undefined) {
      const answered = this.#swallowed.get(frame.id);
      this.#swallowed.delete(frame.id);
      this.#executor.answered(frame.id);
      if (answered !== undefined) {
        if ('result' in message || 'error' in message) answered({ message, body: frame.body });
        return Promise.resolve();
      }
    } else if (frame.id !== undefined) {
      if (frame.kind === 'request') this.#asked.add(frame.id);
      else this.#asked.delete(frame.id);
    }
    return this.#window.send(frame);
  }

  #asClientSees(message: JSONRPCMessage, tools: ToolView): JSONRPCMessage {
    if (!('result' in message)) return message;
    const method = this.#executor.methodOf(message.id);
    return method === undefined
      ? message
      : { ...message, result: tools.result(method, message.result) as Result };
  }

  /** What a client of the stateless era is sent now; `undefined`: nothing, or later. */
  #ofItsEra(
    stateless: StatelessSide,
    message: JSONRPCMessage,
    relatedTo: RequestId | undefined,
  ): JSONRPCMessage | undefined {
    if ('method' in message) return stateless.forClient(message, relatedTo);
    if (message.id === undefined) return message;
    return stateless.holds(message.id, () => void this.send(message)) ? undefined : message;
  }

  /** A response to a request of the stateless era has the client's id and the members of that era. */
  #forItsEra<Message extends JSONRPCMessage>(message: Message): Message {
    if (this.#stateless === undefined || 'method' in message || message.id === undefined) return message;
    const method = this.#stateless.calls.get(message.id)?.method;
    const answer = this.#stateless.calls.response({ ...message, id: message.id });
    if (answer !== undefined && method === 'tools/list')
      this.#owner.given((answer.result as Readonly<Record<string, unknown>> | undefined)?.tools);
    return (answer as Message | undefined) ?? message;
  }

  /** The frame of such a response, under the id by which server and main thread know the request. */
  #asKnown(frame: SendFrame, sent: JSONRPCMessage, left?: readonly string[]): SendFrame {
    if (this.#stateless === undefined || 'method' in sent || sent.id === undefined) return frame;
    const { id } = sent;
    this.#stateless.over(id);
    return { ...frame, id, relatedTo: id, ...(left !== undefined && { left }) };
  }

  /** What its handler has left behind, if this is a response of the stateless era. */
  #leftBy(sent: JSONRPCMessage): readonly string[] | undefined {
    return this.#stateless === undefined || 'method' in sent ? undefined : this.#owner.left();
  }

  #withStack(frame: SendFrame): SendFrame {
    if (frame.failure === undefined || frame.id === undefined) return frame;
    const thrown = this.#executor.thrownBy(frame.id);
    const stack = this.#owner.stackOf(thrown);
    return stack === undefined ? frame : { ...frame, stack };
  }

  /** The main thread parses no answers, and has to know which notifications the server declares. */
  #withDeclared(frame: SendFrame, message: JSONRPCMessage): SendFrame {
    if (this.#initializing === undefined || frame.kind !== 'response' || frame.id !== this.#initializing)
      return frame;
    this.#initializing = undefined;
    if ('result' in message) this.#owner.lists?.introduced({ message, body: frame.body });
    return 'result' in message ? { ...frame, declared: declaredNotifications(message.result) } : frame;
  }

  /** `send` for a request's result. Returns a promise only if it has to wait. */
  answer(id: RequestId, result: Result): Promise<void> | undefined {
    const response: JSONRPCResponse = { result, jsonrpc: '2.0', id };
    const posts = result.isError !== true && this.#window.open && this.#stateless?.parked(id) !== true;
    if (posts && this.#leftBy(response) === undefined) {
      const body = shortText(this.#forItsEra(response));
      if (body !== undefined) {
        const frame = { type: 'send', kind: 'response', id, relatedTo: id, body } as const;
        this.#window.postNow(this.#stateless === undefined ? frame : this.#asKnown(frame, response));
        return undefined;
      }
    }
    return this.send(response);
  }

  /** This many characters have left the main thread. */
  credit(chars: number): void {
    this.#window.credit(chars);
  }

  /**
   * 2025-11-25, Logging: the client sets the minimum level of messages that it receives. The SDK looks it up by the
   * session's id, which a module has no reason to pass.
   */
  #isUnwantedLogMessage(message: JSONRPCMessage, relatedTo: RequestId | undefined): boolean {
    if (!('method' in message) || message.method !== 'notifications/message') return false;
    const { level } = (message.params ?? {}) as { readonly level?: unknown };
    return this.#stateless === undefined
      ? this.#isMessageIgnored(level, this.sessionId)
      : !this.#stateless.calls.wantsLog(relatedTo, level);
  }
}
