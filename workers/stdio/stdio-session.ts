/**
 * One session of a server that speaks stdio. For the main thread it does the same as the host of a session thread:
 * frames on one side, lines on the other. It runs where the lines are read, in the keeper's thread or in the program's
 * own, so that the main thread parses nothing. What differs between the eras of clients is in `client-side.ts`.
 */
import { messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame, InputRequiredFrame, SendFrame } from '../../src/shared/frames/from-worker.js';
import type {
  ClaimFrame,
  MessageFrame,
  ResumeFrame,
  ToWorkerFrame,
} from '../../src/shared/frames/to-worker.js';
import { jsonLine } from '../../src/shared/json-line.js';
import { MAX_LINE_BYTES } from '../../src/shared/line-buffer.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import type { AnyResponse } from '../../src/shared/response-failure.js';
import { withId } from '../exchanged-id.js';
import { ListViews } from '../list-views.js';
import { GivenTools } from '../listed-tools.js';
import { StatelessCalls } from '../stateless/stateless-calls.js';
import type { TextResponse } from '../text-response.js';
import type { ToolView } from '../tool-rules.js';
import { ClientRequests } from './client-requests.js';
import type { ArrivedMessage, ClientSide, ClientSideOwner } from './client-side.js';
import { EarlyMessages } from './early-messages.js';
import type { LargeLine, LargeLineContext } from './large-line.js';
import type { Program } from './program.js';
import { ProgramStart } from './program-start.js';
import {
  changedListOf,
  idAtEitherEnd,
  type ServerMessage,
  type ServerResponse,
  serverMessages,
} from './server-message.js';
import { SessionClient } from './session-client.js';
import { StatelessClient } from './stateless-client.js';

/** Characters of JSON on their way to the client; see `PortTransport`. */
const WINDOW_CHARS = 1024 * 1024;
const INTERNAL_ERROR = -32603;
const PONG = '{"jsonrpc":"2.0","id":0,"result":{}}';

export interface StdioSessionOwner {
  post(frame: FromWorkerFrame): void;
  /** A message of the client has been passed to the program. */
  onTaken(): void;
  /** The program wrote a line that is not a message of the protocol. */
  onStrangeLine(line: string, why: string): void;
  /** A line of stdout has nothing but spaces, and is skipped without a word. */
  onBlankLine?(line: string): void;
}

export interface StdioSessionTraits {
  readonly startTimeoutMs: number;
  /** `undefined`: the client sees the tools as they are. */
  readonly tools: ToolView | undefined;
  /** Whether to report what the program answers to `initialize` and to the lists. */
  readonly learns: boolean;
}

export class StdioSession implements ClientSideOwner {
  readonly #owner: StdioSessionOwner;
  readonly #program: Program;
  readonly #start: ProgramStart;
  readonly #tools: ToolView | undefined;
  readonly #requests = new ClientRequests();
  /** Requests of the gateway itself, by id: those of a replay, for the lists, and pings. */
  readonly #own = new Map<RequestId, (response: TextResponse) => void>();
  /**
   * Messages that cannot be written yet, because the replay comes first or the pipe is full. The main thread limits
   * them.
   */
  readonly #waiting: (MessageFrame | ResumeFrame | undefined)[] = [];
  /** The session's client; `undefined`: there is no session yet. */
  #client: ClientSide | undefined;
  /** What clients of the stateless era have asked. */
  readonly #calls = new StatelessCalls();
  /** What callers see of lists that they do not see in whole. */
  readonly #views = new ListViews();
  /** Unset before the first list of the stateless era. */
  #given: GivenTools | undefined;
  /** Whether its messages may be sent: what an earlier program knew has been sent. */
  #replayed = false;
  readonly #early = new EarlyMessages();
  #full = false;
  #over = false;
  #lastPing = 0;
  #outstandingChars = 0;
  #ending = false;

  constructor(program: Program, traits: StdioSessionTraits, owner: StdioSessionOwner) {
    this.#program = program;
    this.#tools = traits.tools;
    this.#owner = owner;
    this.#start = new ProgramStart(traits.startTimeoutMs, traits.learns, {
      post: (frame) => owner.post(frame),
      write: (body) => this.write(body),
      ask: (id, body) => this.#ask(id, body),
      viewed: (method, response) => this.#viewedList(method, response),
      introduced: (result) => this.#calls.introduced(result),
    });
  }

  receive(frame: ToWorkerFrame): void {
    switch (frame.type) {
      case 'introduce':
        return this.#start.introduce(frame.params);
      case 'claim':
        void this.#claim(frame);
        return;
      case 'message':
      case 'resume':
        this.#waiting.push(frame);
        return this.#flush();
      case 'view':
        return this.#views.expect(frame);
      case 'cancel':
        this.#views.forget(frame.requestId);
        return this.#cancel(frame.requestId, frame.reason);
      case 'credit':
        return this.#credit(frame.chars);
      case 'ping':
        return this.#ping();
      case 'sleep':
        if (this.#requests.size > 0 || (this.#client?.asked && !frame.insists))
          return this.#owner.post({ type: 'stay-awake' });
        void this.#end();
        return;
      case 'end':
        for (const id of this.#requests.ids) this.#cancel(id, frame.reason);
        void this.#end();
        return;
      case 'environment':
        throw new TypeError('whoever starts the program has to set its environment');
      case 'code-cache':
        throw new TypeError('a program that speaks stdio has no code cache');
      default:
        return frame satisfies never;
    }
  }

  /** The program accepts messages again. */
  drained(): void {
    this.#full = false;
    this.#flush();
  }

  /** Nothing more will come from the program: what it has not been given is left for the next one. */
  outputEnded(): void {
    this.#over = true;
  }

  /** The program has written a line. */
  line(text: string): void {
    if (text.trim() === '') return this.#owner.onBlankLine?.(text);
    const messages = serverMessages(text);
    if (typeof messages === 'string') return this.#owner.onStrangeLine(text, messages);
    for (const { message, body } of messages) this.#take(message, body);
  }

  /** A large line has been read elsewhere. */
  large(line: LargeLine): void {
    const { read } = line;
    if ('why' in read) return this.#owner.onStrangeLine(read.head, read.why);
    for (const { message, body } of read.messages) this.#take(message, body);
  }

  /** What a large line must be read with elsewhere. */
  get largeLineContext(): LargeLineContext {
    return this.#client?.largeLineContext ?? { toolLists: [], nextRequestId: 0 };
  }

  /** A line was too long to be kept: whoever waits for it receives an error. */
  overlong(head: string, tail: string, bytes: number): void {
    const why = `it has ${bytes} bytes, and at most ${MAX_LINE_BYTES} can be sent; send less, or a link to it`;
    this.#owner.onStrangeLine(head, why);
    const id = idAtEitherEnd(head, tail);
    if (id === undefined || !this.#requests.has(id)) return;
    const error = { code: INTERNAL_ERROR, message: `The result is too long: ${why}.` };
    const body = JSON.stringify({ jsonrpc: '2.0', id, error });
    this.#take({ kind: 'response', id, message: { error } }, body);
  }

  /** The program has gone: what it had to do at its start does not matter any more. */
  close(): void {
    this.#start.close();
  }

  /** Messages of the client wait until the program knows what an earlier one knew. */
  async #claim(frame: ClaimFrame): Promise<void> {
    const { context, replay, firstRequestId, handleTools } = frame;
    this.#start.claimed(frame);
    this.#calls.handleTools = handleTools;
    const client =
      context.era === 'stateless'
        ? new StatelessClient(this.#requests, this.#calls, this)
        : new SessionClient(this.#requests, firstRequestId, this);
    this.#client = client;
    for (const { message, body } of this.#early.takeAll())
      this.#takeFor(client, message, body, isChangedList(message) && this.#start.learns);
    if (replay.length > 0 && !(await this.#start.replay(replay))) return;
    this.#replayed = true;
    const { declared } = this.#start;
    this.#owner.post({ type: 'claimed', ...(declared !== undefined && { declared }) });
    this.#flush();
  }

  #ask(id: RequestId, body: string): Promise<TextResponse> {
    const answered = new Promise<TextResponse>((resolve) => this.#own.set(id, resolve));
    this.write(body);
    return answered;
  }

  #viewedList(method: string, response: TextResponse): TextResponse {
    if (this.#tools === undefined || method !== 'tools/list') return response;
    const body = this.#tools.response(response.message, response.body);
    return body === response.body ? response : { message: JSON.parse(body) as AnyResponse, body };
  }

  #flush(): void {
    const client = this.#client;
    while (!this.#full && this.#replayed && !this.#over && client !== undefined) {
      if (this.#waiting.length === 0) return;
      const next = this.#waiting.shift();
      this.#owner.onTaken();
      if (next?.type === 'resume') client.resumed(next);
      const arrived = next?.type === 'message' ? client.arrived(next) : undefined;
      if (arrived !== undefined) this.#deliver(client, arrived);
    }
  }

  #deliver(client: ClientSide, arrived: ArrivedMessage): void {
    if (this.#tools === undefined) return this.#pass(client, arrived);
    const viewed = this.#tools.request(arrived.message);
    if (viewed.error === undefined)
      return this.#pass(client, { message: viewed.message, body: JSON.stringify(viewed.message) });
    const { id, method } = arrived.message;
    // Nobody waits for an answer to anything else.
    if (typeof method !== 'string' || !isRequestId(id)) return;
    const response = { jsonrpc: '2.0', id, error: viewed.error };
    client.responds({ kind: 'response', id, message: response }, id, method, JSON.stringify(response));
  }

  #pass(client: ClientSide, arrived: ArrivedMessage): void {
    const { id, method, params } = arrived.message;
    if (typeof method !== 'string') {
      const answer = client.answered(arrived);
      if (answer !== undefined) this.write(answer);
      return;
    }
    if (isRequestId(id)) {
      this.#requests.passed(id, method, params);
      if (method === 'initialize') this.#start.begin();
      if (method === 'tools/call') this.#start.called();
    }
    if (!this.#start.passInitialized(method, arrived.body)) this.write(arrived.body);
  }

  write(body: string): void {
    if (this.#ending) return;
    if (!this.#program.write(jsonLine(body))) this.#full = true;
  }

  #take(message: ServerMessage, body: string): void {
    const changedList = message.kind === 'notification' ? changedListOf(message) : undefined;
    const reported = changedList !== undefined && this.#start.listChanged();
    if (message.kind === 'response') return this.#takeResponse(message, body);
    if (this.#client !== undefined) return this.#takeFor(this.#client, message, body, reported);
    if (message.kind === 'request') {
      if (message.method === 'ping') return this.write(withId(PONG, message.id));
      this.#owner.post({ type: 'asked-early' });
    }
    this.#early.add(message, body, changedList);
  }

  /** The session has come. `reported`: it is a changed list that will be reported. */
  #takeFor(client: ClientSide, message: ServerMessage, body: string, reported: boolean): void {
    switch (message.kind) {
      case 'response':
        return this.#takeResponse(message, body);
      case 'request':
        return client.asks(message, body);
      case 'notification':
        return client.tells(message, body, reported);
      default:
        return message satisfies never;
    }
  }

  #takeResponse(response: ServerResponse, body: string): void {
    const { id } = response;
    if (id === undefined)
      return this.#owner.onStrangeLine(body, 'it answers a message that it could not read');
    const own = this.#own.get(id);
    if (own !== undefined) {
      this.#own.delete(id);
      return own(textResponse(response, body));
    }
    const run = this.#requests.get(id);
    if (run === undefined) return this.#owner.onStrangeLine(body, 'it answers nothing that was asked');
    this.#requests.delete(id);
    if (run.method === 'initialize') this.#start.begun(textResponse(response, body));
    if (run.cancelled) return this.#owner.post({ type: 'settled', requestId: id });
    this.#client?.responds(response, id, run.method, this.#viewed(run.method, response, body));
  }

  /** The body of a response, with the tools as the client sees them. That of a large one shows them so already. */
  #viewed(method: string, { message, outlined }: ServerResponse, body: string): string {
    if (this.#tools === undefined || method !== 'tools/list' || outlined) return body;
    return this.#tools.response(message, body);
  }

  given(tools: unknown): void {
    this.#given ??= new GivenTools((frame) => this.#owner.post(frame));
    this.#given.given(tools);
  }

  send(whole: SendFrame | InputRequiredFrame): void {
    const frame = whole.type === 'send' ? this.#views.seen(whole) : whole;
    this.#outstandingChars +=
      frame.type === 'send' ? frame.body.length : frame.before.length + (frame.after?.length ?? 0);
    this.#owner.post(frame);
    if (this.#outstandingChars > WINDOW_CHARS) this.#program.pause();
  }

  #credit(chars: number): void {
    const wasFull = this.#outstandingChars > WINDOW_CHARS;
    this.#outstandingChars -= chars;
    if (wasFull && this.#outstandingChars <= WINDOW_CHARS) this.#program.resume();
  }

  #cancel(requestId: RequestId, reason: string): void {
    this.#client?.cancelled(requestId);
    const run = this.#requests.get(requestId);
    if (run === undefined) {
      const waiting = this.#waiting.findIndex((frame) => frame !== undefined && isFor(frame, requestId));
      // It keeps its place, because the main thread counts the messages that were passed on.
      if (waiting !== -1) this.#waiting[waiting] = undefined;
      return this.#owner.post({ type: 'settled', requestId });
    }
    run.cancelled = true;
    const params = { requestId, reason };
    this.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  /**
   * Checks that the program itself responds. Nothing shows when it has stopped a cancelled call (2025-11-25,
   * Cancellation: it is not answered). A program that reads and answers is trusted to have stopped.
   */
  #ping(): void {
    this.#lastPing += 1;
    const id = `bulkhead-ping-${this.#lastPing}`;
    const { cancelled } = this.#requests;
    this.#own.set(id, () => {
      this.#owner.post({ type: 'pong' });
      for (const requestId of cancelled) {
        if (this.#requests.delete(requestId)) this.#owner.post({ type: 'settled', requestId });
      }
    });
    this.write(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }));
  }

  async #end(): Promise<void> {
    this.#ending = true;
    this.#program.resume();
    try {
      await this.#program.end();
    } catch (error) {
      this.#owner.onStrangeLine('', `its stdin could not be closed: ${messageOf(error)}`);
    }
    this.#owner.post({ type: 'ended' });
  }
}

/** Whether the message is this request, which has not been passed on. */
function isFor(frame: MessageFrame | ResumeFrame, requestId: RequestId): boolean {
  if (frame.type === 'resume' || frame.stateless) return frame.key === requestId;
  return (JSON.parse(frame.body) as { id?: unknown }).id === requestId;
}

/** Of a large response, no more is known than that it is one. So it is not learned. */
function textResponse({ message, outlined }: ServerResponse, body: string): TextResponse {
  return { message: outlined && 'result' in message ? { result: null } : message, body };
}

function isChangedList(message: ServerMessage): boolean {
  return message.kind === 'notification' && changedListOf(message) !== undefined;
}
