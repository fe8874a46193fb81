/**
 * What the main thread answers in the stateless era without a compartment: `server/discover`, and the lists of a server
 * whose lists are static or have been learned.
 */
import type { ClientRequest } from '../../protocol/client-message.js';
import {
  type AnswerSource,
  answerOf,
  type CachedAnswer,
  type CachedAnswers,
} from '../../servers/cached-answers.js';
import { viewedAnswer } from '../../servers/viewed-answers.js';
import { COMPARTMENT_PARAMS } from '../../shared/compartment.js';
import { LIST_KINDS, LIST_METHODS, type ListKind } from '../../shared/list-methods.js';
import type { RequestId } from '../../shared/request-id.js';
import { DISCOVER, discoverResult, type Introduction, introductionOf } from '../../shared/stateless.js';
import { SERVED_VERSIONS, STATELESS_VERSION } from '../../shared/stateless-protocol.js';
import { Introductions } from './introductions.js';

/**
 * What `server/discover` is answered by a gateway that cannot ask the server, and has never asked it. An error would send
 * clients to `initialize`, and without capabilities they would never ask for a list. So it has the capabilities that most
 * servers have, it must not be kept, and requests are told the truth; clients that listen ask for the lists again.
 */
const PRESUMED: Introduction = {
  serverInfo: undefined,
  capabilities: Object.fromEntries(LIST_KINDS.map((kind) => [kind, { listChanged: true }])),
  instructions: undefined,
};

export interface StatelessAnswer {
  readonly body: string;
  /** The code of an error as text. */
  readonly failure: string | undefined;
}

export class StatelessAnswers {
  readonly #source: AnswerSource | undefined;
  readonly #discovery: CachedAnswer | undefined;
  /** Lists that have changed since these answers were known: a compartment is asked for them. */
  readonly #changed = new Map<ListKind, CachedAnswers>();
  /** What it has said of itself where the source says nothing. */
  readonly introductions = new Introductions();
  /** Read from the answer beside it, which is a long text. */
  #read: { readonly answer: CachedAnswer; readonly serverInfo: unknown } | undefined;

  /** @param discovery what is answered to `server/discover` if the source does not say it */
  constructor(source: AnswerSource | undefined, discovery: CachedAnswer | undefined) {
    this.#source = source;
    this.#discovery = discovery;
  }

  /** What is known of the server. */
  get known(): CachedAnswers | undefined {
    return this.#source?.slot(COMPARTMENT_PARAMS, STATELESS_VERSION)?.current;
  }

  /** `serverInfo` of the server; `undefined` as long as it has not been asked. */
  get serverInfo(): unknown {
    const answer = this.known?.initialize ?? this.#discovery;
    if (answer === undefined) return this.introductions.first?.serverInfo;
    if (this.#read?.answer !== answer)
      this.#read = { answer, serverInfo: introductionOf(withId(answer, 0).body)?.serverInfo };
    return this.#read.serverInfo;
  }

  /** The server has announced in a compartment that a list has changed. What is known of it is not given any more. */
  listChanged(kind: ListKind): void {
    const { known } = this;
    if (known !== undefined) this.#changed.set(kind, known);
  }

  /**
   * @param params of the request: a page of a list is not known
   * @returns `undefined` if a compartment has to answer
   */
  answer(
    { method, replyId, view }: Pick<ClientRequest, 'method' | 'replyId' | 'view'>,
    params: Readonly<Record<string, unknown>>,
  ): StatelessAnswer | undefined {
    const known = this.#known(method, params);
    const seen = known && viewedAnswer(known, view);
    return seen && withId(seen, replyId);
  }

  /** To `server/discover`, if no compartment can answer it: what the server has told another caller, if it has. */
  presumed(id: RequestId): StatelessAnswer {
    const result = discoverResult(this.introductions.first ?? PRESUMED, SERVED_VERSIONS, 'single');
    return withId(answerOf(JSON.stringify(result), undefined), id);
  }

  #known(method: string, params: Readonly<Record<string, unknown>>): CachedAnswer | undefined {
    if (method === DISCOVER) return this.known?.initialize ?? this.#discovery;
    // Most requests are calls: nothing is looked up for them.
    for (const member in params) if (member !== '_meta') return undefined;
    const { known } = this;
    return this.#hasChanged(method, known) ? undefined : known?.lists.get(method);
  }

  #hasChanged(method: string, current: CachedAnswers | undefined): boolean {
    for (const [kind, answers] of this.#changed)
      if (answers === current && LIST_METHODS[kind].includes(method)) return true;
    return false;
  }
}

function withId({ before, after, failure }: CachedAnswer, id: RequestId): StatelessAnswer {
  return { body: `${before}${JSON.stringify(id)}${after}`, failure };
}
