/**
 * The tools, prompts and resources that a request names. It has to be read as the server reads it, whatever parser that has: so a
 * key that appears twice, or one that some parsers take for another because they ignore case, is refused where it counts.
 */
import { isFields } from '../../shared/fields.js';
import { membersOf, memberTexts } from '../../shared/json-members.js';
import type { ListKind } from '../../shared/list-methods.js';
import type { Operation } from './standing.js';

export interface NamedOperations {
  readonly operations: readonly Operation[];
}

/** Why the request cannot be judged: the end of a sentence. */
export interface Unreadable {
  readonly why: string;
}

/** The member of `params` that names it. */
const NAMING: ReadonlyMap<string, readonly [kind: ListKind, member: string]> = new Map([
  ['tools/call', ['tools', 'name']],
  ['prompts/get', ['prompts', 'name']],
  ['resources/read', ['resources', 'uri']],
  ['resources/subscribe', ['resources', 'uri']],
  ['resources/unsubscribe', ['resources', 'uri']],
]);
const COMPLETE = 'completion/complete';
const LISTEN = 'subscriptions/listen';
const NONE: NamedOperations = { operations: [] };

/** @param body the request as JSON */
export function operationsIn(method: string, body: string): NamedOperations | Unreadable {
  const naming = NAMING.get(method);
  if (naming === undefined && method !== COMPLETE && method !== LISTEN) return NONE;
  const { params } = JSON.parse(body) as { readonly params?: unknown };
  const given = isFields(params) ? params : {};
  const top = paramsIn(body);
  if (typeof top === 'object') return top;
  if (naming === undefined) {
    const ambiguous = ambiguousKey(top, ['ref', 'notifications']);
    if (ambiguous !== undefined) return ambiguous;
    return method === COMPLETE
      ? referred(given.ref, memberTexts(top).get('ref'))
      : listened(given.notifications);
  }
  const [kind, member] = naming;
  const ambiguous = ambiguousKey(top, [member]);
  if (ambiguous !== undefined) return ambiguous;
  const name = given[member];
  if (typeof name !== 'string') return { why: `"params.${member}" must be a string` };
  return { operations: [{ kind, name }] };
}

/** `ref` of a completion: what is completed is an argument of a prompt, or of a resource template. */
function referred(ref: unknown, text = '{}'): NamedOperations | Unreadable {
  if (!isFields(ref)) return NONE;
  const ambiguous = ambiguousKey(text, ['type', 'name', 'uri']);
  if (ambiguous !== undefined) return ambiguous;
  const operations: Operation[] = [];
  if (typeof ref.name === 'string') operations.push({ kind: 'prompts', name: ref.name });
  if (typeof ref.uri === 'string') operations.push({ kind: 'resources', name: ref.uri });
  return { operations };
}

/** Only the gateway reads these. */
function listened(notifications: unknown): NamedOperations {
  const uris = isFields(notifications) ? notifications.resourceSubscriptions : undefined;
  if (!Array.isArray(uris)) return NONE;
  const texts = (uris as readonly unknown[]).filter((uri) => typeof uri === 'string');
  return { operations: texts.map((name) => ({ kind: 'resources', name })) };
}

/** The text of `params`, which is the only one. */
function paramsIn(body: string): string | Unreadable {
  let params = '{}';
  const ambiguous = ambiguousKey(body, ['method', 'params'], (name, text) => {
    if (name === 'params') params = text;
  });
  return ambiguous ?? params;
}

/**
 * @param text an object as JSON, which has been parsed
 * @param keys that count
 */
function ambiguousKey(
  text: string,
  keys: readonly string[],
  visit: (name: string, text: string) => void = () => {},
): Unreadable | undefined {
  const seen = new Set<string>();
  for (const { name, start, end } of membersOf(text)) {
    // That also folds U+017F to S.
    const folded = name.toUpperCase().toLowerCase();
    if (keys.includes(folded)) {
      if (name !== folded) return { why: 'its keys must be written in lower case' };
      if (seen.has(name)) return { why: `its key "${name}" must not appear twice` };
      seen.add(name);
    }
    visit(name, text.slice(start, end));
  }
  return undefined;
}
