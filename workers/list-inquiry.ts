/**
 * Asks a server that has just been initialized for its lists, and reports them when they have settled. So the main thread
 * learns what it can answer later sessions, or that what it has learned is no longer true.
 *
 * Many servers add to their lists while they start, and announce that with `list_changed`. They are asked again then.
 */
import { canonicalJson } from '../src/shared/canonical-json.js';
import { declaredNotifications } from '../src/shared/declared-notifications.js';
import type { LearnedAnswer, ListsFrame } from '../src/shared/frames/from-worker.js';
import type { ClaimFrame } from '../src/shared/frames/to-worker.js';
import { type HandleTools, hiddenByHandles, withHandleTools } from '../src/shared/handle-tools.js';
import { HEADER_ANNOTATION, type HeaderAnnotations, headerAnnotations } from '../src/shared/header-params.js';
import { LIST_KINDS, LIST_METHODS } from '../src/shared/list-methods.js';
import { responseFailure } from '../src/shared/response-failure.js';
import {
  discoverResult,
  type Introduction,
  introductionIn,
  statelessResult,
} from '../src/shared/stateless.js';
import { SERVED_VERSIONS } from '../src/shared/stateless-protocol.js';
import { aroundId } from './exchanged-id.js';
import { ITEMS, wholeList } from './list-pages.js';
import { toolNames } from './listed-tools.js';
import type { TextResponse } from './text-response.js';

/** A list that takes longer is not learned. */
const ANSWER_DEADLINE_MS = 10_000;
/** Changes that follow a start come sooner than this after its lists were first answered. */
const SETTLE_MS = 250;
/** A server whose lists change more often while it starts is not learned. */
const MAX_ROUNDS = 5;
/** What is remembered of a server at most: its answers together. */
const MAX_CHARS = 1024 * 1024;
const METHOD_NOT_FOUND = -32601;

/** The session that a worker serves. */
export type ClaimedSession = Pick<ClaimFrame, 'context' | 'handleTools'>;

export interface ListInquiryOwner {
  /**
   * Asks the server; the client does not see the answer. Never settles if the server does not answer.
   * @param params with the cursor of a page that is not the first
   */
  ask(method: string, params: { readonly cursor: string } | undefined): Promise<TextResponse>;
  report(frame: ListsFrame): void;
  /** Its lists are not learned: why. */
  refuse(reason: string): void;
}

export class ListInquiry {
  readonly #owner: ListInquiryOwner;
  #initialize: TextResponse | undefined;
  #methods: readonly string[] = [];
  #rounds = 0;
  /** Whether it asks, or waits for the lists to settle. */
  #asking = false;
  #changed = false;
  #called = false;
  #afterCall = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** What waits for the session, because its era decides how it is reported. */
  #held: (() => void) | undefined;
  #session: ClaimedSession | undefined;

  constructor(owner: ListInquiryOwner) {
    this.#owner = owner;
  }

  /** The server has answered `initialize`. */
  introduced(response: TextResponse): void {
    const { capabilities } = (resultOf(response) ?? {}) as { readonly capabilities?: unknown };
    if (typeof capabilities !== 'object' || capabilities === null) return;
    this.#initialize = response;
    this.#methods = LIST_KINDS.filter((kind) => Object.hasOwn(capabilities, kind)).flatMap(
      (kind) => LIST_METHODS[kind],
    );
  }

  /** The worker serves this session from now on. Nothing is reported before. */
  claimed(session: ClaimedSession): void {
    this.#session = session;
    this.#held?.();
    this.#held = undefined;
  }

  /** The server has been sent `notifications/initialized`, so it may be asked. */
  initialized(): void {
    if (this.#rounds === 0) void this.#ask();
  }

  /** The server has been sent a call, which may change its lists. */
  called(): void {
    this.#called = true;
  }

  /**
   * The server says that a list has changed.
   * @returns whether the lists that will be reported say so
   */
  listChanged(): boolean {
    if (this.#asking) {
      this.#changed = true;
      this.#afterCall ||= this.#called;
    } else if (!this.#called && this.#rounds > 0) {
      if (this.#rounds >= MAX_ROUNDS) return false;
      void this.#ask();
    }
    return !this.#called;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const initialize = this.#initialize;
    if (initialize === undefined || this.#closed || this.#rounds >= MAX_ROUNDS) return;
    this.#rounds += 1;
    this.#asking = true;
    this.#changed = false;
    const answers = await this.#answers();
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#asking = false;
      if (this.#changed) void this.#ask();
      else this.#report(initialize, answers);
    }, SETTLE_MS);
    this.#timer.unref();
  }

  /** By method, those that came in time. */
  #answers(): Promise<ReadonlyMap<string, TextResponse>> {
    const answers = new Map<string, TextResponse>();
    const asked = this.#methods.map(async (method) => {
      const ask = (cursor: string | undefined) =>
        this.#owner.ask(method, cursor === undefined ? undefined : { cursor });
      answers.set(method, await wholeList(ask, MAX_CHARS));
    });
    return new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(new Map(answers)), ANSWER_DEADLINE_MS);
      this.#timer.unref();
      void Promise.all(asked).then(() => {
        clearTimeout(this.#timer);
        resolve(answers);
      });
    });
  }

  #report(initialize: TextResponse, given: ReadonlyMap<string, TextResponse>): void {
    const session = this.#session;
    if (session === undefined) {
      this.#held = () => this.#report(initialize, given);
      return;
    }
    const stateless = session.context.era === 'stateless';
    const introduction = introductionIn(resultOf(initialize));
    const formed = (method: string, response: TextResponse): TextResponse =>
      stateless ? inStatelessForm(method, response, introduction, session.handleTools) : response;
    const answers = new Map([...given].map(([method, response]) => [method, formed(method, response)]));
    const learned = [learnedAnswer('initialize', formed('initialize', initialize))];
    for (const [method, response] of answers)
      if (lasts(response)) learned.push(learnedAnswer(method, response));
    const known = learned.filter((answer) => answer !== undefined);
    if (known.length < learned.length) return;
    const chars = known.reduce((sum, { before, after }) => sum + before.length + after.length, 0);
    if (chars > MAX_CHARS)
      return this.#owner.refuse(`they have ${chars} characters, and at most ${MAX_CHARS} are remembered`);
    this.#owner.report({
      type: 'lists',
      answers: learned,
      declared: declaredNotifications(resultOf(initialize)),
      tools: toolNames(toolsIn(answers.get('tools/list'))),
      headerParams: withHidden(
        headerParamsIn(answers.get('tools/list')),
        toolsIn(given.get('tools/list')),
        session,
      ),
      afterCall: this.#afterCall,
    });
  }
}

/** What the server answers to clients of the session era, as those of the stateless era are given it. */
function inStatelessForm(
  method: string,
  response: TextResponse,
  introduction: Introduction,
  handleTools: HandleTools | undefined,
): TextResponse {
  if (!('result' in response.message)) return response;
  const fields = (response.message.result ?? {}) as Readonly<Record<string, unknown>>;
  const listed = method === 'tools/list' && handleTools ? withHandleTools(fields, handleTools) : fields;
  const result =
    method === 'initialize'
      ? discoverResult(introduction, SERVED_VERSIONS, 'lasting')
      : statelessResult(method, listed, introduction, 'lasting');
  return { message: { result }, body: JSON.stringify({ jsonrpc: '2.0', id: 0, result }) };
}

/** A list that still has a cursor would be known in part only, and what failed may succeed later. */
function lasts({ message }: TextResponse): boolean {
  if ('error' in message) return message.error.code === METHOD_NOT_FOUND;
  const result = message.result as { readonly nextCursor?: unknown } | null;
  return typeof result === 'object' && result !== null && (result.nextCursor ?? null) === null;
}

function resultOf({ message }: TextResponse): unknown {
  return 'result' in message ? message.result : undefined;
}

function learnedAnswer(method: string, { message, body }: TextResponse): LearnedAnswer {
  const meaning = 'error' in message ? message.error : unordered(message.result);
  // Not imported: every session thread loads this file, and few learn anything.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(canonicalJson(meaning)).digest('base64url');
  return { method, ...aroundId(body), failure: responseFailure(message)?.failure, digest };
}

/** The order of a list has no meaning, and some servers keep it in no order. */
function unordered(result: unknown): unknown {
  for (const items of ITEMS) {
    const list = (result as Readonly<Record<string, unknown>>)[items];
    if (Array.isArray(list)) return { ...(result as object), [items]: list.map(canonicalJson).sort() };
  }
  return result;
}

/** Few servers have any, so the text is searched first. */
function headerParamsIn(response: TextResponse | undefined): HeaderAnnotations {
  const annotated = response?.body.includes(HEADER_ANNOTATION) === true;
  return headerAnnotations(annotated ? toolsIn(response) : undefined);
}

/** @param tools the server's own */
function withHidden(
  annotations: HeaderAnnotations,
  tools: unknown,
  { context, handleTools }: ClaimedSession,
): HeaderAnnotations {
  if (handleTools === undefined || context.era !== 'stateless') return annotations;
  const { valid, invalid } = annotations;
  return { valid, invalid: [...invalid, ...hiddenByHandles(tools, handleTools)] };
}

function toolsIn(response: TextResponse | undefined): unknown {
  const { tools } = ((response && resultOf(response)) ?? {}) as { readonly tools?: unknown };
  return tools;
}
