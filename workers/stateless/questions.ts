/**
 * What a server asks its client while it serves a request: which capability each kind of question needs (2026-07-28, Multi
 * Round-Trip Requests), what it is called in `inputRequests`, and which answers are well-formed.
 */
import { type Fields, isFields } from '../../src/shared/fields.js';
import { STATELESS_CODE } from '../../src/shared/stateless-protocol.js';

/** In a question's `params._meta`: the name that it has in `inputRequests`. */
export const NAME_META = 'mcp-bulkhead/input-name';
const MAX_NAME_CHARS = 64;

const KINDS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/** What is known of a question. */
export interface QuestionFacts {
  readonly method: string;
  /** The capability that it needs, as `ClientCapabilities`. */
  readonly needs: Fields;
  /** The name that its server has given it. */
  readonly name: string | undefined;
}

/** `undefined`: a client is not asked this in the stateless era. */
export function questionFacts(method: string, params: unknown): QuestionFacts | undefined {
  if (!Object.hasOwn(KINDS, method)) return undefined;
  const fields = fieldsOf(params);
  const name = fieldsOf(fields._meta)[NAME_META];
  const isName = typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_CHARS;
  return { method, needs: capabilityFor(method, fields), name: isName ? name : undefined };
}

/** The name of a question that its server has given none: the second elicitation of a call is `elicitation-2`. */
export function nameFor({ method }: QuestionFacts, count: number): string {
  return `${KINDS[method]}-${count}`;
}

function capabilityFor(method: string, { mode, tools, toolChoice }: Fields): Fields {
  switch (method) {
    case 'elicitation/create':
      return { elicitation: mode === 'url' ? { url: {} } : { form: {} } };
    case 'sampling/createMessage':
      return { sampling: tools === undefined && toolChoice === undefined ? {} : { tools: {} } };
    default:
      return { roots: {} };
  }
}

/** Whether the client has declared this capability, as `questionFacts` names it, on its request. */
export function isDeclared(needs: Fields, declared: Fields): boolean {
  return Object.entries(needs).every(([name, modes]) => {
    const own = declared[name];
    if (!isFields(own)) return false;
    return Object.keys(fieldsOf(modes)).every((mode) => isFields(own[mode]) || isImplied(name, mode, own));
  });
}

/** `elicitation: {}` means forms alone (2026-07-28, Elicitation, "Capabilities"). */
function isImplied(name: string, mode: string, own: Fields): boolean {
  return name === 'elicitation' && mode === 'form' && own.url === undefined;
}

/**
 * The error where the client has not declared what it is asked for.
 * @param requiredCapabilities in the form of `ClientCapabilities` (2026-07-28, Error Codes)
 */
export function missingCapability(method: string, requiredCapabilities: Fields) {
  const names = Object.entries(requiredCapabilities).flatMap(([name, modes]) => {
    const each = Object.keys(fieldsOf(modes));
    return each.length === 0 ? [name] : each.map((mode) => `${name}.${mode}`);
  });
  const message = `This ${method} asks its client something for which the client has to declare: ${names.join(', ')}. Declare it in _meta of the request, or call something else.`;
  return { code: STATELESS_CODE.missingCapability, message, data: { requiredCapabilities } };
}

/** All capabilities together. */
export function union(capabilities: readonly Fields[]): Fields {
  const all: Record<string, Fields> = {};
  for (const needs of capabilities)
    for (const [name, modes] of Object.entries(needs)) all[name] = { ...all[name], ...fieldsOf(modes) };
  return all;
}

/** Whether this has the shape of an answer to such a question; the server checks what is in it. */
export function isAnswer(method: string, answer: unknown): answer is Fields {
  if (!isFields(answer)) return false;
  switch (method) {
    case 'elicitation/create':
      return ACTIONS.has(answer.action) && isContent(answer.content);
    case 'sampling/createMessage':
      return (
        (answer.role === 'user' || answer.role === 'assistant') &&
        typeof answer.model === 'string' &&
        [answer.content].flat().every((block) => typeof fieldsOf(block).type === 'string')
      );
    default:
      return (
        Array.isArray(answer.roots) && answer.roots.every((root) => typeof fieldsOf(root).uri === 'string')
      );
  }
}

const ACTIONS: ReadonlySet<unknown> = new Set(['accept', 'decline', 'cancel']);

function isContent(content: unknown): boolean {
  if (content === undefined || content === null) return true;
  return isFields(content) && Object.values(content).every(isFieldValue);
}

function isFieldValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
