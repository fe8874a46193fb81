/**
 * What a frame of each type is made of: each of its members, with a check of its value. A member that is added to a frame and not
 * here does not compile. Tables, so that one function can say of any value why it is no frame; without calls in them, so
 * that the bundle of the session worker holds only the one that it uses.
 */
import { CODE_CACHES, type CodeCacheName, type CodeCaches } from '../code-caches.js';
import type { DeclaredNotifications } from '../declared-notifications.js';
import type { PlainError } from '../errors.js';
import type { HandleTools } from '../handle-tools.js';
import { isHeaderAnnotations } from '../header-params.js';
import { MAX_JSON_DEPTH } from '../json-depth.js';
import type { ListView, NameFilter } from '../list-view.js';
import { MEMORY_LIMITS, type MemoryLimit } from '../memory-limits.js';
import { isRequestId } from '../request-id.js';
import { AFFINITIES, type Affinity, type SessionContext } from '../session-context.js';
import type {
  FromWorkerFrame,
  LearnedAnswer,
  LogFrame,
  MetricSnapshot,
  ModuleTraits,
} from './from-worker.js';
import type { MessageFrame, StateBlock, ToWorkerFrame } from './to-worker.js';

type Check<Value> = (value: unknown) => value is Value;
type Members<Type> = {
  readonly [Member in keyof Type]-?: Check<
    object extends Pick<Type, Member> ? Type[Member] | undefined : Type[Member]
  >;
};
export type Shapes<Frame extends { readonly type: string }> = {
  readonly [Type in Frame['type']]: Members<Omit<Extract<Frame, { readonly type: Type }>, 'type'>>;
};

/** What a log line's fields hold at most: they are 8 Ki characters of JSON. */
const MAX_FIELD_VALUES = 8192;
/** `initialize`, and each list. */
const MAX_ANSWERS = 5;

const isText = (value: unknown) => typeof value === 'string';
const isTextIfAny = (value: unknown) => value === undefined || typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isFlagIfAny = (value: unknown) => value === undefined || typeof value === 'boolean';
const isNumberIfAny = (value: unknown) => value === undefined || typeof value === 'number';
const isSize = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isIdIfAny = (value: unknown) => value === undefined || isRequestId(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

/** In memory that nobody else can write to. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;
}

/** With no class of its own: no array, no `Map`, no `Date`. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Bounded in depth and number, so that a circle ends as well. */
function isJson(value: unknown, budget: { values: number }, depth = 0): boolean {
  budget.values -= 1;
  if (budget.values < 0 || depth > MAX_JSON_DEPTH) return false;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return true;
  if (value === null) return true;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  return Object.values(value).every((part) => isJson(part, budget, depth + 1));
}

/**
 * The first member that is wrong, missing, or unknown; `undefined` where the value is made of these members and no others.
 * @param known one more that it may have
 */
export function strangeMember(
  value: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, (value: unknown) => boolean>>,
  known?: string,
): string | undefined {
  for (const member in members) if (members[member]?.(value[member]) !== true) return member;
  return Object.keys(value).find((member) => member !== known && !Object.hasOwn(members, member));
}

function isMadeOf<Value extends object>(value: unknown, members: Members<Value>): value is Value {
  return isPlain(value) && strangeMember(value, members) === undefined;
}

function isDeclared(value: unknown): value is DeclaredNotifications {
  return isMadeOf<DeclaredNotifications>(value, {
    tools: isFlag,
    prompts: isFlag,
    resources: isFlag,
    logging: isFlag,
    subscribe: isFlag,
  });
}

function isAnswers(value: unknown): value is LearnedAnswer[] {
  const isAnswer = (answer: unknown): boolean =>
    isMadeOf<LearnedAnswer>(answer, {
      method: isText,
      before: isText,
      after: isText,
      failure: isTextIfAny,
      digest: isText,
    });
  return Array.isArray(value) && value.length <= MAX_ANSWERS && value.every(isAnswer);
}

function isNameFilter(value: unknown): value is NameFilter {
  return isMadeOf<NameFilter>(value, {
    allow: (globs) => globs === undefined || isTexts(globs),
    deny: isTexts,
  });
}

/** `message` is posted as text. */
export const TO_WORKER: Shapes<Exclude<ToWorkerFrame, MessageFrame>> = {
  introduce: { params: isText },
  view: {
    requestId: isRequestId,
    view: (value) =>
      isMadeOf<ListView>(value, { tools: isNameFilter, prompts: isNameFilter, resources: isNameFilter }),
  },
  environment: {
    variables: (value): value is Record<string, string> =>
      isPlain(value) && Object.values(value).every(isText),
  },
  resume: { key: isText, body: isText },
  claim: {
    // The gateway's own, with whatever metadata can be cloned.
    context: (value): value is SessionContext => isPlain(value),
    state: (value) =>
      value === undefined ||
      isMadeOf<StateBlock>(value, {
        keys: isTexts,
        ends: (ends) => ends instanceof Uint32Array,
        values: isBytes,
      }),
    replay: isTexts,
    firstRequestId: isSize,
    handleTools: (value) =>
      value === undefined || isMadeOf<HandleTools>(value, { open: isText, close: isText, idleMs: isSize }),
  },
  cancel: { requestId: isRequestId, reason: isText },
  credit: { chars: isSize },
  ping: {},
  'code-cache': {},
  sleep: { insists: isFlag },
  end: { reason: isText },
};

export const FROM_WORKER: Shapes<FromWorkerFrame> = {
  ready: {
    systemThreadId: isNumberIfAny,
    niceness: isNumberIfAny,
    traits: (value) =>
      isMadeOf<ModuleTraits>(value, {
        staticLists: isFlag,
        sleeps: isFlag,
        affinity: (affinity): affinity is Affinity | undefined =>
          affinity === undefined || AFFINITIES.includes(affinity as Affinity),
        reuse: isFlagIfAny,
      }),
    rejectedCaches: (value): value is CodeCacheName[] =>
      Array.isArray(value) && value.every((cache) => CODE_CACHES.includes(cache)),
  },
  failed: {
    stage: (value) => value === 'import' || value === 'shape' || value === 'setup' || value === 'program',
    error: (value) =>
      isMadeOf<PlainError>(value, { name: isText, message: isText, code: isTextIfAny, stack: isTextIfAny }),
  },
  claimed: {
    declared: (value) => value === undefined || isDeclared(value),
    hiddenSchemas: (value) => value === undefined || isTexts(value),
  },
  send: {
    kind: (value) => value === 'response' || value === 'request' || value === 'notification',
    id: isIdIfAny,
    relatedTo: isIdIfAny,
    body: isText,
    failure: isTextIfAny,
    message: isTextIfAny,
    stack: isTextIfAny,
    declared: (value) => value === undefined || isDeclared(value),
    listChanged: (value) => value === undefined || value === true,
    progress: isNumberIfAny,
    topic: isTextIfAny,
    left: (value) => value === undefined || isTexts(value),
  },
  lists: {
    answers: isAnswers,
    declared: isDeclared,
    tools: isTexts,
    headerParams: isHeaderAnnotations,
    afterCall: isFlag,
  },
  'input-required': { requestId: isRequestId, before: isText, after: isTextIfAny },
  settled: { requestId: isRequestId },
  'close-stream': { requestId: isIdIfAny },
  log: {
    source: (value) => value === 'session' || value === 'stdout' || value === 'stderr',
    level: (value) => value === 'debug' || value === 'info' || value === 'warn' || value === 'error',
    message: isText,
    fields: (value): value is LogFrame['fields'] =>
      value === undefined || (isPlain(value) && isJson(value, { values: MAX_FIELD_VALUES })),
    key: isTextIfAny,
  },
  'log-dropped': { lines: isSize },
  // Each of them is checked where they are added up: a metric that is wrong is refused, and its session goes on.
  metrics: { metrics: (value): value is MetricSnapshot => Array.isArray(value) },
  state: { key: isText, value: (value) => value === undefined || isBytes(value) },
  held: { held: isFlag },
  memory: { usedBytes: isSize, heapBytes: isSize },
  'over-memory': {
    limit: (value): value is MemoryLimit => MEMORY_LIMITS.includes(value as MemoryLimit),
    usedBytes: isSize,
  },
  'skipped-lines': { lines: isSize },
  exited: {
    cause: (value) => value === 'exit' || value === 'crash',
    message: isText,
    stack: isTextIfAny,
  },
  pong: {},
  'code-cache': {
    caches: (value) =>
      isMadeOf<CodeCaches>(value, {
        worker: isBytes,
        module: (cache) => cache === undefined || isBytes(cache),
      }),
  },
  'asked-early': {},
  'stay-awake': {},
  'server-closed': {},
  ended: {},
};
