/**
 * What the sessions of one server have learned: its answers to `initialize` and the lists, by what decides them, the
 * protocol version and the client's capabilities. Later sessions are given these answers without a worker. Each worker
 * that starts is asked for its lists too, so what was learned is compared, and replaced if it is no longer true. A server
 * that answers differently each time is not learned any more.
 */
import { canonicalJson } from '../shared/canonical-json.js';
import type { LearnedAnswer, ListsFrame } from '../shared/frames/from-worker.js';
import type { HeaderAnnotations } from '../shared/header-params.js';
import type { GatewayEmitter, LearnedOutcome } from '../telemetry/events.js';
import type {
  AnswerSlot,
  AnswerSource,
  CachedAnswer,
  CachedAnswers,
  InitializeParams,
} from './cached-answers.js';

/** Kinds of clients that are told apart. Few have more than three clients of different capabilities. */
const MAX_SLOTS = 16;
const MAX_KEY_CHARS = 4 * 1024;
const MAX_INTRODUCTION_CHARS = 16 * 1024;
/** Of one server, for all kinds of clients. */
export const MAX_LEARNED_CHARS = 4 * 1024 * 1024;
/** With so many different answers in a row, the next one is different too. */
const MAX_DIFFERENCES = 2;
const MAX_TOOL_NAMES = 1_000;

export interface LearnedListsOptions {
  /** The server's name. */
  readonly server: string;
  readonly events: GatewayEmitter;
  /** Called with the names of its tools. */
  readonly onTools: (names: Iterable<string>) => void;
  /** Called with what its tools' callers repeat in headers. */
  readonly onHeaderParams: (annotations: HeaderAnnotations) => void;
  /** Called when `stored` has changed. */
  readonly onChanged: () => void;
}

/** What is known for one version and one set of capabilities. */
export interface StoredSlot extends KnownLists {
  readonly key: string;
  /** The parameters of `initialize` that such a client sent last, as JSON. */
  readonly params: string | undefined;
}

type KnownLists = Omit<ListsFrame, 'type' | 'afterCall'>;

export class LearnedLists implements AnswerSource {
  onReplaced: (slot: AnswerSlot) => void = () => {};
  readonly #options: LearnedListsOptions;
  /** By version and capabilities; the one that was used last is the last. */
  readonly #slots = new Map<string, LearnedSlot>();
  #dynamic = false;

  constructor(options: LearnedListsOptions) {
    this.#options = options;
  }

  slot(params: InitializeParams): LearnedSlot | undefined {
    const { protocolVersion, capabilities } = params;
    if (this.#dynamic) return undefined;
    const key = canonicalJson([protocolVersion, capabilities]);
    if (key.length > MAX_KEY_CHARS) return undefined;
    const known = this.#slots.get(key);
    const slot = known ?? new LearnedSlot(this);
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    slot.params = params;
    if (known === undefined) this.#shrink();
    return slot;
  }

  /**
   * What the client sent that began last, the parameters of `initialize` as JSON, if sessions like its can do without a
   * worker until they are called: only these can use one that has been sent `initialize` ahead.
   */
  get introduction(): string | undefined {
    const latest = [...this.#slots.values()].at(-1);
    return latest?.current && latest.introduction;
  }

  /** What is known, that which was used last at the end. */
  stored(): StoredSlot[] {
    const stored: StoredSlot[] = [];
    for (const [key, { known, introduction }] of this.#slots)
      if (known !== undefined) stored.push({ key, params: introduction, ...known });
    return stored;
  }

  /** What an earlier gateway has learned. */
  restore(stored: readonly StoredSlot[]): void {
    for (const { key, params, ...known } of stored) {
      const answers = answersIn(known);
      if (answers === undefined) continue;
      const slot = new LearnedSlot(this);
      if (params !== undefined) slot.params = JSON.parse(params) as unknown;
      this.#slots.set(key, slot);
      this.#keep(slot, answers, known);
    }
  }

  /** What a worker of this slot has answered; `undefined` if that says nothing about other sessions. */
  learn(slot: LearnedSlot, frame: ListsFrame): CachedAnswers | undefined {
    const next = answersIn(frame);
    if (next === undefined) return undefined;
    const { current } = slot;
    if (current === undefined) {
      if (this.#dynamic) return next;
      if (frame.afterCall) return this.#own();
      if (slot.forgotten) return undefined;
      this.#store(slot, next, frame);
      this.#tell('learned');
      return next;
    }
    const different = differences(current, next);
    if (different.length === 0) {
      slot.differences = 0;
      // Also where a list failed this time, or was learned only now.
      if (next.lists.size > current.lists.size) this.#store(slot, next, frame);
      this.#tell('same');
      return current;
    }
    if (frame.afterCall) return this.#own();
    slot.differences += 1;
    const { server, events } = this.#options;
    const what = `what a new session's server answers to ${different.join(', ')}`;
    if (slot.differences >= MAX_DIFFERENCES) {
      this.#forget();
      this.#tell('dynamic');
      events.emit('notice', {
        level: 'warn',
        message: `${what} differs each time, so nothing is remembered of it any more, as with "lists": "dynamic"`,
        fields: { server },
      });
      return next;
    }
    this.#store(slot, next, frame);
    this.#tell('replaced');
    events.emit('notice', {
      level: 'info',
      message: `${what} has changed, and is remembered anew`,
      fields: { server },
    });
    this.onReplaced(slot);
    return next;
  }

  /** The server has told this session's client that its lists have changed. */
  #own(): undefined {
    this.#tell('own');
    return undefined;
  }

  #store(slot: LearnedSlot, answers: CachedAnswers, frame: ListsFrame): void {
    const { answers: texts, declared, tools, headerParams } = frame;
    this.#keep(slot, answers, {
      answers: texts,
      declared,
      tools: tools.slice(0, MAX_TOOL_NAMES),
      headerParams,
    });
    this.#options.onChanged();
  }

  #keep(slot: LearnedSlot, answers: CachedAnswers, known: KnownLists): void {
    slot.set(answers, known);
    this.#options.onTools(known.tools);
    this.#options.onHeaderParams(known.headerParams);
    this.#shrink();
  }

  /** Forgets what has not been used for longest; first, but for the latest, those of whom nothing is known. */
  #shrink(): void {
    let chars = 0;
    const slots = [...this.#slots];
    for (const [, slot] of slots) chars += slot.chars;
    const unknown = slots.slice(0, -1).filter(([, { current }]) => current === undefined);
    for (const [key, slot] of [...unknown, ...slots]) {
      if (this.#slots.size <= MAX_SLOTS && chars <= MAX_LEARNED_CHARS) return;
      if (this.#slots.delete(key)) chars -= slot.chars;
      slot.forget();
    }
  }

  #forget(): void {
    this.#dynamic = true;
    for (const slot of this.#slots.values()) slot.forget();
    this.#slots.clear();
    this.#options.onChanged();
  }

  #tell(outcome: LearnedOutcome): void {
    this.#options.events.emit('lists-learned', { server: this.#options.server, outcome });
  }
}

class LearnedSlot implements AnswerSlot {
  /** How many workers in a row have answered differently. */
  differences = 0;
  /** The parameters of `initialize` that a client sent last. */
  params: unknown;
  teaching: Promise<void> | undefined;
  readonly #lists: LearnedLists;
  #current: CachedAnswers | undefined;
  #known: KnownLists | undefined;
  #chars = 0;
  #forgotten = false;

  constructor(lists: LearnedLists) {
    this.#lists = lists;
  }

  get current(): CachedAnswers | undefined {
    return this.#current;
  }

  /** The parameters as JSON, unless they are very long: icons in them may be whole pictures. */
  get introduction(): string | undefined {
    const text = JSON.stringify(this.params) as string | undefined;
    return text !== undefined && text.length <= MAX_INTRODUCTION_CHARS ? text : undefined;
  }

  /** The same, as it is stored. */
  get known(): KnownLists | undefined {
    return this.#known;
  }

  get chars(): number {
    return this.#chars;
  }

  /** Whether it had to make room: only sessions that began before still know it. */
  get forgotten(): boolean {
    return this.#forgotten;
  }

  learn(frame: ListsFrame): CachedAnswers | undefined {
    return this.#lists.learn(this, frame);
  }

  set(answers: CachedAnswers, known: KnownLists): void {
    this.#current = answers;
    this.#known = known;
    this.#chars = [answers.initialize, ...answers.lists.values()].reduce((sum, one) => sum + charsOf(one), 0);
  }

  forget(): void {
    this.#current = undefined;
    this.#known = undefined;
    this.#chars = 0;
    this.#forgotten = true;
  }
}

function answersIn({ answers, declared }: KnownLists): CachedAnswers | undefined {
  const lists = new Map<string, LearnedAnswer>();
  let chars = 0;
  for (const answer of answers) {
    chars += charsOf(answer);
    lists.set(answer.method, answer);
  }
  const initialize = lists.get('initialize');
  lists.delete('initialize');
  // A worker sends less; a module's code may have sent this.
  if (initialize === undefined || chars > MAX_LEARNED_CHARS) return undefined;
  return { initialize, lists, declared };
}

function charsOf({ before, after }: CachedAnswer): number {
  return before.length + after.length;
}

/** The methods whose answers differ. What only one of them has may have come too late in the other. */
function differences(one: CachedAnswers, other: CachedAnswers): string[] {
  const lists = [...one.lists]
    .filter(([method, { digest }]) => (other.lists.get(method)?.digest ?? digest) !== digest)
    .map(([method]) => method);
  return one.initialize.digest === other.initialize.digest ? lists : ['initialize', ...lists];
}
