/**
 * One session of a server that speaks stdio. For the main thread it does the same as the host of a session thread:
 * frames on one side, lines on the other. It runs where the lines are read, in the keeper's thread or in the program's
 * own, so that the main thread parses nothing.
 *
 * The client's ids are passed on unchanged. The server's own ids are replaced by ids of the session: a program that was
 * restarted counts from 0 again, and its client may still be answering its predecessor.
 */
import { messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame, SendFrame } from '../../src/shared/frames/from-worker.js';
import type { ClaimFrame, MessageFrame, ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import { jsonLine } from '../../src/shared/json-line.js';
import { MAX_LINE_BYTES } from '../../src/shared/line-buffer.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import type { AnyResponse } from '../../src/shared/response-failure.js';
import { withId } from '../exchanged-id.js';
import type { TextResponse } from '../list-inquiry.js';
import type { ToolView } from '../tool-rules.js';
import { EarlyMessages } from './early-messages.js';
import type { LargeLine, LargeLineContext } from './large-line.js';
import type { Program } from './program.js';
import { ProgramStart } from './program-start.js';
import {
  changedListOf,
  idAtEitherEnd,
  notificationFrame,
  responseFrame,
  type ServerMessage,
  type ServerNotification,
  type ServerRequest,
  type ServerResponse,
  serverMessages,
} from './server-message.js';

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
}

export interface StdioSessionTraits {
  readonly startTimeoutMs: number;
  /** `undefined`: the client sees the tools as they are. */
  readonly tools: ToolView | undefined;
  /** Whether to report what the program answers to `initialize` and to the lists. */
  readonly learns: boolean;
}

/** A request of the client that the program has not answered. */
interface Run {
  readonly method: string;
  readonly progressToken: RequestId | undefined;
  cancelled: boolean;
}

export class StdioSession {
  readonly #owner: StdioSessionOwner;
  readonly #program: Program;
  readonly #start: ProgramStart;
  readonly #tools: ToolView | undefined;
  readonly #runs = new Map<RequestId, Run>();
  /** Requests of the gateway itself, by id: those of a replay, for the lists, and pings. */
  readonly #own = new Map<RequestId, (response: TextResponse) => void>();
  /** Requests of the server to its client: the server's own ids, by the session's id. */
  readonly #asked = new Map<RequestId, RequestId>();
  /**
   * Messages that cannot be written yet, because the replay comes first or the pipe is full. The main thread limits
   * them.
   */
  readonly #waiting: (MessageFrame | undefined)[] = [];
  /** Whether there is a session. */
  #claimed = false;
  /** Whether its messages may be sent: what an earlier program knew has been sent. */
  #replayed = false;
  readonly #early = new EarlyMessages();
  #full = false;
  #over = false;
  #nextRequestId = 0;
  #lastPing = 0;
  #outstandingChars = 0;
  #ending = false;

  constructor(program: Program, traits: StdioSessionTraits, owner: StdioSessionOwner) {
    this.#program = program;
    this.#tools = traits.tools;
    this.#owner = owner;
    this.#start = new ProgramStart(traits.startTimeoutMs, traits.learns, {
      post: (frame) => owner.post(frame),
      write: (body) => this.#write(body),
      ask: (id, body) => this.#ask(id, body),
      viewed: (method, response) => this.#viewedList(method, response),
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
        this.#waiting.push(frame);
        return this.#flush();
      case 'cancel':
        return this.#cancel(frame.requestId, frame.reason);
      case 'resume':
        throw new TypeError(`no request ${frame.key} is parked`);
      case 'credit':
        return this.#credit(frame.chars);
      case 'ping':
        return this.#ping();
      case 'sleep':
        if (this.#runs.size > 0 || this.#asked.size > 0) return this.#owner.post({ type: 'stay-awake' });
        void this.#end();
        return;
      case 'end':
        for (const id of this.#runs.keys()) this.#cancel(id, frame.reason);
        void this.#end();
        return;
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
    if (text.trim() === '') return;
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
    const runs = [...this.#runs];
    const toolLists = runs.filter(([, { method }]) => method === 'tools/list').map(([id]) => id);
    return { toolLists, nextRequestId: this.#nextRequestId };
  }

  /** A line was too long to be kept: whoever waits for it receives an error. */
  overlong(head: string, tail: string, bytes: number): void {
    const why = `it has ${bytes} bytes, and at most ${MAX_LINE_BYTES} can be sent; send less, or a link to it`;
    this.#owner.onStrangeLine(head, why);
    const id = idAtEitherEnd(head, tail);
    if (id === undefined || !this.#runs.has(id)) return;
    const error = { code: INTERNAL_ERROR, message: `The result is too long: ${why}.` };
    const body = JSON.stringify({ jsonrpc: '2.0', id, error });
    this.#take({ kind: 'response', id, message: { error } }, body);
  }

  /** The program has gone: what it had to do at its start does not matter any more. */
  close(): void {
    this.#start.close();
  }

  /** Messages of the client wait until the program knows what an earlier one knew. */
  async #claim({ replay, firstRequestId }: ClaimFrame): Promise<void> {
    this.#nextRequestId = firstRequestId;
    this.#claimed = true;
    for (const { message, body } of this.#early.takeAll()) this.#takeFor(message, body);
    if (replay.length > 0 && !(await this.#start.replay(replay))) return;
    this.#replayed = true;
    this.#owner.post({ type: 'claimed' });
    this.#flush();
  }

  #ask(id: RequestId, body: string): Promise<TextResponse> {
    const answered = new Promise<TextResponse>((resolve) => this.#own.set(id, resolve));
    this.#write(body);
    return answered;
  }

  #viewedList(method: string, response: TextResponse): TextResponse {
    if (this.#tools === undefined || method !== 'tools/list') return response;
    const body = this.#tools.response(response.message, response.body);
    return body === response.body ? response : { message: JSON.parse(body) as AnyResponse, body };
  }

  #flush(): void {
    while (!this.#full && this.#replayed && !this.#over) {
      if (this.#waiting.length === 0) return;
      const next = this.#waiting.shift();
      this.#owner.onTaken();
      if (next !== undefined) this.#deliver(next.body);
    }
  }

  #deliver(body: string): void {
    const message = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (this.#tools === undefined) return this.#pass(message, body);
    const viewed = this.#tools.request(message);
    if (viewed.error === undefined) return this.#pass(viewed.message, JSON.stringify(viewed.message));
    const { id, method } = message;
    // Nobody waits for an answer to anything else.
    if (typeof method !== 'string' || !isRequestId(id)) return;
    const response = { jsonrpc: '2.0', id, error: viewed.error };
    this.#send(
      responseFrame({ kind: 'response', id, message: response }, id, JSON.stringify(response), false),
    );
  }

  #pass(message: Readonly<Record<string, unknown>>, body: string): void {
    const { id, method, params } = message;
    if (typeof method !== 'string') {
      const theirs = isRequestId(id) ? this.#asked.get(id) : undefined;
      // It answers a question of an earlier program, or none.
      if (theirs === undefined) return;
      this.#asked.delete(id as RequestId);
      return this.#write(withId(body, theirs));
    }
    if (isRequestId(id)) {
      const { progressToken } = (params as { _meta?: { progressToken?: unknown } } | undefined)?._meta ?? {};
      const token = isRequestId(progressToken) ? progressToken : undefined;
      this.#runs.set(id, { method, progressToken: token, cancelled: false });
      if (method === 'initialize') this.#start.begin();
      if (method === 'tools/call') this.#start.called();
    }
    if (!this.#start.passInitialized(method, body)) this.#write(body);
  }

  #write(body: string): void {
    if (this.#ending) return;
    if (!this.#program.write(jsonLine(body))) this.#full = true;
  }

  #take(message: ServerMessage, body: string): void {
    const changedList = message.kind === 'notification' ? changedListOf(message) : undefined;
    if (changedList !== undefined) this.#start.listChanged();
    if (this.#claimed || message.kind === 'response') return this.#takeFor(message, body);
    if (message.kind === 'request') {
      if (message.method === 'ping') return this.#write(withId(PONG, message.id));
      this.#owner.post({ type: 'asked-early' });
    }
    this.#early.add(message, body, changedList);
  }

  /** The session has come. */
  #takeFor(message: ServerMessage, body: string): void {
    switch (message.kind) {
      case 'response':
        return this.#takeResponse(message, body);
      case 'request':
        return this.#takeRequest(message, body);
      case 'notification':
        return this.#takeNotification(message, body);
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
    const run = this.#runs.get(id);
    if (run === undefined) return this.#owner.onStrangeLine(body, 'it answers nothing that was asked');
    this.#runs.delete(id);
    const initializes = run.method === 'initialize';
    if (initializes) this.#start.begun(textResponse(response, body));
    if (run.cancelled) return this.#owner.post({ type: 'settled', requestId: id });
    this.#send(responseFrame(response, id, this.#viewed(run.method, response, body), initializes));
  }

  /** The body of a response, with the tools as the client sees them. That of a large one shows them so already. */
  #viewed(method: string, { message, outlined }: ServerResponse, body: string): string {
    if (this.#tools === undefined || method !== 'tools/list' || outlined) return body;
    return this.#tools.response(message, body);
  }

  #takeRequest({ id: theirs, outlined }: ServerRequest, body: string): void {
    const id = this.#nextRequestId;
    this.#nextRequestId += 1;
    this.#asked.set(id, theirs);
    const text = outlined ? body : withId(body, id);
    this.#send({ type: 'send', kind: 'request', id, relatedTo: this.#latestRun(), body: text });
  }

  #takeNotification(notification: ServerNotification, body: string): void {
    const { method, params } = notification;
    if (method === 'notifications/cancelled') {
      const id = this.#askedAs(params.requestId);
      if (id === undefined) return;
      this.#asked.delete(id);
      const text = JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, requestId: id } });
      return this.#send({ type: 'send', kind: 'notification', id, relatedTo: undefined, body: text });
    }
    const relatedTo = method === 'notifications/progress' ? this.#runWith(params.progressToken) : undefined;
    // It belongs to a request that is over, so nobody would read it.
    if (method === 'notifications/progress' && relatedTo === undefined) return;
    this.#send(notificationFrame(notification, relatedTo, body));
  }

  #send(frame: SendFrame): void {
    this.#outstandingChars += frame.body.length;
    this.#owner.post(frame);
    if (this.#outstandingChars > WINDOW_CHARS) this.#program.pause();
  }

  #credit(chars: number): void {
    const wasFull = this.#outstandingChars > WINDOW_CHARS;
    this.#outstandingChars -= chars;
    if (wasFull && this.#outstandingChars <= WINDOW_CHARS) this.#program.resume();
  }

  #cancel(requestId: RequestId, reason: string): void {
    const run = this.#runs.get(requestId);
    if (run === undefined) {
      const waiting = this.#waiting.findIndex(
        (frame) => frame !== undefined && (JSON.parse(frame.body) as { id?: unknown }).id === requestId,
      );
      // It keeps its place, because the main thread counts the messages that were passed on.
      if (waiting !== -1) this.#waiting[waiting] = undefined;
      return this.#owner.post({ type: 'settled', requestId });
    }
    run.cancelled = true;
    const params = { requestId, reason };
    this.#write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  /**
   * Checks that the program itself responds. Nothing shows when it has stopped a cancelled call (2025-11-25,
   * Cancellation: it is not answered). A program that reads and answers is trusted to have stopped.
   */
  #ping(): void {
    this.#lastPing += 1;
    const id = `bulkhead-ping-${this.#lastPing}`;
    const cancelled = [...this.#runs].filter(([, run]) => run.cancelled).map(([requestId]) => requestId);
    this.#own.set(id, () => {
      this.#owner.post({ type: 'pong' });
      for (const requestId of cancelled) {
        if (this.#runs.delete(requestId)) this.#owner.post({ type: 'settled', requestId });
      }
    });
    this.#write(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }));
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

  /** stdio does not say to which call a request belongs. The latest one is the best guess, and its stream is open. */
  #latestRun(): RequestId | undefined {
    let latest: RequestId | undefined;
    for (const [id, { cancelled }] of this.#runs) if (!cancelled) latest = id;
    return latest;
  }

  #runWith(progressToken: unknown): RequestId | undefined {
    if (!isRequestId(progressToken)) return undefined;
    for (const [id, run] of this.#runs) if (run.progressToken === progressToken && !run.cancelled) return id;
    return undefined;
  }

  #askedAs(theirs: unknown): RequestId | undefined {
    for (const [id, original] of this.#asked) if (original === theirs) return id;
    return undefined;
  }
}

/** Of a large response, no more is known than that it is one. So it is not learned. */
function textResponse({ message, outlined }: ServerResponse, body: string): TextResponse {
  return { message: outlined && 'result' in message ? { result: null } : message, body };
}
