/**
 * Answers of a server that sessions are given without a worker: to `initialize` and to the lists. A module with static
 * lists gave them once at start; every other server, to its first session (`learned-lists.ts`).
 */
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { ListsFrame } from '../shared/frames/from-worker.js';

/** A response as JSON text, around the id of its request. */
export interface CachedAnswer {
  readonly before: string;
  readonly after: string;
  /** The code of an error as text. */
  readonly failure: string | undefined;
  /** The same for answers that mean the same. */
  readonly digest: string;
}

export interface CachedAnswers {
  readonly initialize: CachedAnswer;
  /** By method. A list that is not here is asked of the server. */
  readonly lists: ReadonlyMap<string, CachedAnswer>;
  /** The notifications that the server may send to its clients. */
  readonly declared: DeclaredNotifications;
}

/** The answers for all sessions whose clients began alike. */
export interface AnswerSlot {
  /** `undefined`: nothing is known yet, or nothing lasts. */
  readonly current: CachedAnswers | undefined;
  /**
   * Takes what a worker has just answered; absent if the answers are static. Returns it, if it says something about the
   * server.
   */
  learn?(frame: ListsFrame): CachedAnswers | undefined;
  /** Set while a start whose client has given up may still teach it; resolves when that is over. */
  teaching?: Promise<void> | undefined;
}

export interface AnswerSource {
  /**
   * @param params the parameters of `initialize`, as the client sent them
   * @param protocolVersion the version after negotiation
   * @returns `undefined` if such sessions have to ask their own worker
   */
  slot(params: InitializeParams, protocolVersion: string): AnswerSlot | undefined;
  /** Called when sessions that were given other answers should be told. */
  onReplaced?: (slot: AnswerSlot) => void;
}

/** What has been checked of the parameters of `initialize`. */
export interface InitializeParams {
  readonly protocolVersion: string;
  readonly capabilities: object;
}

/** The answers of a module whose lists are static. */
export class StaticLists implements AnswerSource {
  readonly #slots: ReadonlyMap<string, AnswerSlot>;

  /** @param slots by protocol version, for all versions that the SDK knows */
  constructor(slots: ReadonlyMap<string, AnswerSlot>) {
    this.#slots = slots;
  }

  slot(_params: InitializeParams, protocolVersion: string): AnswerSlot | undefined {
    return this.#slots.get(protocolVersion);
  }
}

/** With its members in the same order as in the SDK's responses. */
export function answerOf(text: string, failure: string | undefined): CachedAnswer {
  const shared = { failure, digest: '' };
  return failure === undefined
    ? { before: `{"result":${text},"jsonrpc":"2.0","id":`, after: '}', ...shared }
    : { before: '{"jsonrpc":"2.0","id":', after: `,"error":${text}}`, ...shared };
}
