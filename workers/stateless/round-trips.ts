/**
 * Questions of a server to its client while it serves a request of the stateless era (2026-07-28, Multi Round-Trip
 * Requests). The server speaks the session era: it sends requests and waits for responses. What it asks in one turn of the
 * event loop is one answer to its client, `input_required`; the client's next request brings the answers, and the server
 * gets each as the response to its request. The handler notices nothing.
 *
 * A call is *parked* from its `input_required` until its client continues it. What the server says of it meanwhile waits.
 */
import type { InputRequiredFrame } from '../../src/shared/frames/from-worker.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { MAY_ASK } from '../../src/shared/stateless.js';
import { META } from '../../src/shared/stateless-protocol.js';
import { isAnswer, isDeclared, missingCapability, nameFor, type QuestionFacts, union } from './questions.js';

type Fields = Readonly<Record<string, unknown>>;

/** Unanswered questions of one call, and their characters: as for what a server asks in the session era. */
const MAX_QUESTIONS = 256;
const MAX_QUESTION_CHARS = 32 * 1024 * 1024;
/** What is asked without a request, until there is one. */
const MAX_UNASKED = 16;
const METHOD_NOT_FOUND = -32601;
/** For the server, which speaks the session era. */
const SERVER_ERROR = -32000;

/** A request of the server to its client. */
export interface Question {
  readonly id: RequestId;
  /** `undefined`: no client of this era can be asked it. */
  readonly facts: QuestionFacts | undefined;
  /** `method` and `params` as the text of one object. */
  readonly text: string;
  /**
   * It has nothing to do with the request that happens to be served. Where there is none, or no longer, it waits for the next
   * one; where the client has not declared it, the server is told so, and the request goes on.
   */
  readonly optional?: boolean;
}

/** The client's request, as of its latest round. */
export interface AskingCall {
  readonly method: string;
  /** The client's id. */
  readonly id: RequestId;
  /** What the client has declared on this request. */
  readonly capabilities: Fields;
}

/** The client's response to the server's request. */
export type Answer =
  | { readonly jsonrpc: '2.0'; readonly id: RequestId; readonly result: Fields }
  | { readonly jsonrpc: '2.0'; readonly id: RequestId; readonly error: { code: number; message: string } };

export interface RoundTripsOwner {
  /** `serverInfo` of the server. */
  readonly serverInfo: unknown;
  /** The request with this key, while it has not been answered. */
  call(key: RequestId): AskingCall | undefined;
  post(frame: InputRequiredFrame): void;
  /** Gives the server the response to its request. */
  answer(answer: Answer): void;
  /** The request is over: its client cannot answer, and has been told. */
  onUnanswerable(key: RequestId): void;
}

interface Asked extends Question {
  readonly facts: QuestionFacts;
}

/** What a call has asked. */
interface Conversation {
  /** By name, in the order in which they were asked. */
  readonly open: Map<string, Asked>;
  readonly names: Set<string>;
  /** Answers that the client gave before it was asked. */
  readonly early: Map<string, unknown>;
  asked: number;
  chars: number;
  turn: NodeJS.Immediate | undefined;
  parked: boolean;
  /** Sends the response that the server has given while the call was parked. */
  response: (() => void) | undefined;
}

export class RoundTrips {
  readonly #owner: RoundTripsOwner;
  readonly #conversations = new Map<RequestId, Conversation>();
  /** What waits for a request. */
  #unasked: Question[] = [];

  constructor(owner: RoundTripsOwner) {
    this.#owner = owner;
  }

  /** Whether a question has not been answered. */
  get open(): boolean {
    for (const { open } of this.#conversations.values()) if (open.size > 0) return true;
    return false;
  }

  /** The client has sent answers with its first request: they are given when they are asked for. */
  answeredEarly(key: RequestId, inputResponses: Fields): void {
    const { early } = this.#of(key);
    for (const [name, answer] of Object.entries(inputResponses)) early.set(name, answer);
  }

  /**
   * The server asks its client something.
   * @param key the request that it serves; `undefined` if it serves none
   */
  ask(key: RequestId | undefined, question: Question): void {
    const { id, facts, text, optional } = question;
    const call = key === undefined ? undefined : this.#owner.call(key);
    if (facts === undefined) return this.#refuse(id, METHOD_NOT_FOUND, NOT_ASKED);
    const may = call !== undefined && MAY_ASK.has(call.method);
    if (optional && !may && this.#unasked.length < MAX_UNASKED) return void this.#unasked.push(question);
    if (key === undefined || call === undefined) return this.#refuse(id, SERVER_ERROR, OUTSIDE);
    if (!may) return this.#refuse(id, SERVER_ERROR, `${OTHERWISE} ${call.method}.`);
    if (optional && !isDeclared(facts.needs, call.capabilities))
      return this.#refuse(id, METHOD_NOT_FOUND, UNDECLARED);
    const conversation = this.#of(key);
    const { open, early } = conversation;
    if (open.size >= MAX_QUESTIONS || conversation.chars + text.length > MAX_QUESTION_CHARS)
      return this.#refuse(id, SERVER_ERROR, TOO_MUCH);
    const name = nameOf(facts, conversation);
    const answer = early.get(name);
    early.delete(name);
    if (isAnswer(facts.method, answer)) return this.#answer(id, answer);
    open.set(name, { ...question, facts });
    conversation.chars += text.length;
    this.#soon(key, conversation);
  }

  /** A request is about to be passed to the server: what has waited for one is asked. */
  began(key: RequestId): void {
    if (this.#unasked.length === 0) return;
    const unasked = this.#unasked;
    this.#unasked = [];
    for (const question of unasked) this.ask(key, question);
  }

  /** The server does not wait for the answer any more. */
  withdraw(id: RequestId): void {
    this.#unasked = this.#unasked.filter((question) => question.id !== id);
    for (const conversation of this.#conversations.values()) {
      for (const [name, asked] of conversation.open) {
        if (asked.id !== id) continue;
        this.#close(conversation, name, asked);
        return;
      }
    }
  }

  /** The client continues the parked call. What it has not answered is asked again; what nobody asked is ignored. */
  resume(key: RequestId, inputResponses: Fields): void {
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return;
    conversation.parked = false;
    const { open, response } = conversation;
    if (response !== undefined) {
      // The server has given up on what it asked.
      this.over(key);
      return response();
    }
    for (const [name, asked] of [...open]) {
      const answer = Object.hasOwn(inputResponses, name) ? inputResponses[name] : undefined;
      if (!isAnswer(asked.facts.method, answer)) continue;
      this.#close(conversation, name, asked);
      this.#answer(asked.id, answer);
    }
    this.#soon(key, conversation);
  }

  /** Whether the client of this request is not there, and what it is to be sent has to wait. */
  parked(key: RequestId): boolean {
    return this.#conversations.get(key)?.parked === true;
  }

  /**
   * Whether the response to this request has to wait, because its client is not there.
   * @param send sends it when the client has come back
   */
  holds(key: RequestId, send: () => void): boolean {
    const conversation = this.#conversations.get(key);
    if (conversation?.parked !== true) return false;
    conversation.response = send;
    return true;
  }

  /** The request has been answered or cancelled: a handler that still waits for its client learns it, and can end. */
  over(key: RequestId): void {
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return;
    clearImmediate(conversation.turn);
    this.#conversations.delete(key);
    for (const question of conversation.open.values()) {
      if (question.optional && this.#unasked.length < MAX_UNASKED) this.#unasked.push(question);
      else this.#refuse(question.id, SERVER_ERROR, OVER);
    }
  }

  #of(key: RequestId): Conversation {
    let conversation = this.#conversations.get(key);
    if (conversation === undefined) {
      conversation = {
        open: new Map(),
        names: new Set(),
        early: new Map(),
        asked: 0,
        chars: 0,
        turn: undefined,
        parked: false,
        response: undefined,
      };
      this.#conversations.set(key, conversation);
    }
    return conversation;
  }

  #close(conversation: Conversation, name: string, { text }: Asked): void {
    conversation.open.delete(name);
    conversation.chars -= text.length;
  }

  /** When this turn of the event loop is over: what a handler asks in parallel belongs together. */
  #soon(key: RequestId, conversation: Conversation): void {
    conversation.turn ??= setImmediate(() => {
      conversation.turn = undefined;
      this.#park(key, conversation);
    });
  }

  #park(key: RequestId, conversation: Conversation): void {
    const call = this.#owner.call(key);
    const { open, parked } = conversation;
    if (call === undefined || parked || open.size === 0) return;
    const missing = [...open.values()].map(({ facts }) => facts.needs);
    const undeclared = missing.filter((needs) => !isDeclared(needs, call.capabilities));
    if (undeclared.length > 0) {
      const error = missingCapability(call.method, union(undeclared));
      const before = JSON.stringify({ jsonrpc: '2.0', id: call.id, error });
      this.#owner.post({ type: 'input-required', requestId: key, before, after: undefined });
      this.over(key);
      return this.#owner.onUnanswerable(key);
    }
    conversation.parked = true;
    const requests = [...open].map(([name, { text }]) => `${JSON.stringify(name)}:${text}`);
    const meta = { [META.serverInfo]: this.#owner.serverInfo };
    this.#owner.post({
      type: 'input-required',
      requestId: key,
      before: `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":{"resultType":"input_required","inputRequests":{${requests.join(',')}},"requestState":`,
      after: `,"_meta":${JSON.stringify(meta)}}}`,
    });
  }

  /** Later, because the server may not expect an answer while it still asks. */
  #answer(id: RequestId, result: Fields): void {
    queueMicrotask(() => this.#owner.answer({ jsonrpc: '2.0', id, result }));
  }

  #refuse(id: RequestId, code: number, message: string): void {
    queueMicrotask(() => this.#owner.answer({ jsonrpc: '2.0', id, error: { code, message } }));
  }
}

const NOT_ASKED = 'Clients of protocol 2026-07-28 are not asked this.';
const OUTSIDE =
  'Clients of protocol 2026-07-28 can be asked something only by the handler of their request, until it has returned.';
const UNDECLARED = 'The client has not declared that it can be asked this.';
const OVER = 'The request that this belongs to is over.';
const OTHERWISE =
  'Clients of protocol 2026-07-28 can be asked something during tools/call, prompts/get and resources/read, not during';
const TOO_MUCH = 'Too much that this request has asked its client is unanswered.';

/** A name that no other question of the call has. */
function nameOf(facts: QuestionFacts, conversation: Conversation): string {
  const { names } = conversation;
  conversation.asked += 1;
  let name = facts.name ?? nameFor(facts, conversation.asked);
  while (names.has(name)) name = `${name}-${conversation.asked}`;
  names.add(name);
  return name;
}
