/**
 * What the main thread answers for a session without waking it: `ping`, and `initialize` and the lists if they are known.
 * The texts are those that a worker gave: once, at start, if the server module's lists are static, otherwise in an
 * earlier session.
 */
import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { ClientRequest } from '../protocol/client-message.js';
import type {
  AnswerSlot,
  AnswerSource,
  CachedAnswer,
  CachedAnswers,
  InitializeParams,
} from '../servers/cached-answers.js';
import { viewedAnswer } from '../servers/viewed-answers.js';
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { ListsFrame } from '../shared/frames/from-worker.js';
import { LIST_KINDS, LIST_METHODS, type ListKind } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';

export interface CachedResponse {
  readonly body: string;
  readonly failure: string | undefined;
}

/** One session's view of the cached responses. */
export class CachedResponses {
  /** The answers for sessions that began as this one did. */
  #slot: AnswerSlot | undefined;
  /** What this session has been given; `undefined` if its own server has answered `initialize`. */
  #given: CachedAnswers | undefined;
  /** Whether its server has said that its lists have changed: they may differ from those of other sessions now. */
  #changed = false;

  /** The notifications that the session was told to expect, if its own server has not told it. */
  get declared(): DeclaredNotifications | undefined {
    return this.#given?.declared;
  }

  /** Set while the answer to `initialize` may be learned from a start whose client has given up. */
  get teaching(): Promise<void> | undefined {
    return this.#slot?.teaching;
  }

  /** Whether later sessions would be answered if this session's worker went on without a client. */
  get teaches(): boolean {
    const slot = this.#slot;
    return slot?.learn !== undefined && slot.current === undefined && slot.teaching === undefined;
  }

  /** Its worker goes on without a client until then. */
  teach(over: Promise<void>): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    slot.teaching = over.then(() => {
      slot.teaching = undefined;
    });
  }

  /** Whether this session's lists differ from those of other sessions. */
  get changed(): boolean {
    return this.#changed;
  }

  /** The response to `initialize`; `undefined`, here and below, if the server itself must answer. */
  initialize(
    request: ClientRequest,
    protocolVersion: string,
    source: AnswerSource | undefined,
  ): CachedResponse | undefined {
    if (source === undefined) return undefined;
    const { method, params, id } = request;
    // What the SDK's server would refuse goes to the server, so that it refuses in its own words.
    if (!InitializeRequestSchema.safeParse({ method, params }).success) return undefined;
    this.#slot = source.slot(params as InitializeParams, protocolVersion);
    this.#given = this.#slot?.current;
    return this.#given && response(this.#given.initialize, id);
  }

  /** The response to `initialize`, if it has been learned in the meantime. */
  learned({ id }: ClientRequest): CachedResponse | undefined {
    this.#given = this.#slot?.current;
    return this.#given && response(this.#given.initialize, id);
  }

  /** @param threadless whether the session has no worker that could answer at once */
  request(request: ClientRequest, threadless: boolean): CachedResponse | undefined {
    const { method, id, body } = request;
    if (method === 'tools/call') return undefined;
    if (method === 'ping') return threadless && plain(body) ? response(PONG, id) : undefined;
    if (this.#given === undefined || this.#changed) return undefined;
    // A server whose answers were learned is asked itself where it runs.
    if (this.#slot?.learn !== undefined && !threadless) return undefined;
    const answer = this.#slot?.current?.lists.get(method);
    if (answer === undefined || !plain(body)) return undefined;
    const seen = viewedAnswer(answer, request.view);
    return seen && response(seen, id);
  }

  /** This session's lists differ from those of other sessions now. */
  listsChanged(): void {
    this.#changed = true;
  }

  /** Its worker's server has answered. Returns the lists of which the client should be told that they have changed. */
  learn(frame: ListsFrame): readonly ListKind[] {
    const answers = this.#slot?.learn?.(frame);
    return answers === undefined ? [] : this.#give(answers);
  }

  /** The same, if another session's worker has answered. */
  replaced(slot: AnswerSlot): readonly ListKind[] {
    return slot === this.#slot && slot.current !== undefined ? this.#give(slot.current) : [];
  }

  /**
   * Another version of the server has taken the place of the one that has given the answers.
   * @param slot the answers for sessions that began as this one did
   * @param changed the lists that differ between both versions
   */
  renew(slot: AnswerSlot | undefined, changed: readonly ListKind[]): void {
    this.#slot = slot;
    const given = this.#given;
    if (given === undefined) return;
    const lists = new Map(given.lists);
    // The client is told now, so not again when a worker of this version gives its lists.
    for (const kind of changed) for (const method of LIST_METHODS[kind]) lists.delete(method);
    this.#given = { ...given, lists };
  }

  #give(answers: CachedAnswers): readonly ListKind[] {
    const given = this.#given;
    // The client's own server has told it, or will.
    if (given === undefined || this.#changed || given === answers) return [];
    this.#given = answers;
    return changedLists(given, answers);
  }
}

/** The kinds of lists that differ. */
export function changedLists(one: CachedAnswers, other: CachedAnswers): ListKind[] {
  return LIST_KINDS.filter((kind) =>
    LIST_METHODS[kind].some((method) => differ(one.lists.get(method), other.lists.get(method))),
  );
}

/** A list that only one of them has is not known to differ: the client has asked a server for it, or never. */
function differ(one: CachedAnswer | undefined, other: CachedAnswer | undefined): boolean {
  return one !== undefined && other !== undefined && one.digest !== other.digest;
}

/** 2025-11-25, Ping */
const PONG: CachedAnswer = {
  before: '{"result":{},"jsonrpc":"2.0","id":',
  after: '}',
  failure: undefined,
  digest: '',
};

/** Whether the request has no cursor, and nothing else that could change the answer. */
function plain(body: string): boolean {
  const { params = {} } = JSON.parse(body) as { readonly params?: { readonly _meta?: object } };
  for (const member in params) if (member !== '_meta') return false;
  for (const member in params._meta) if (member !== 'progressToken') return false;
  return true;
}

function response({ before, after, failure }: CachedAnswer, id: RequestId): CachedResponse {
  return { body: `${before}${JSON.stringify(id)}${after}`, failure };
}
