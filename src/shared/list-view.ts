/**
 * What one caller sees of a server's lists, by the gateway's rules for principals. It is plain data, because it reaches the
 * thread or process that has the list. Lists are cut as texts: nothing in them is written anew, and nothing recurses over what a
 * server has sent.
 */
import { globMatcher, MAX_NAME_CHARS, type Matcher } from './glob.js';
import { elementTexts, memberTexts, objectText } from './json-members.js';
import type { ListKind } from './list-methods.js';

/** Names or globs with `*` and `?`. */
export interface NameFilter {
  /** Only these; `undefined`: all. */
  readonly allow: readonly string[] | undefined;
  /** But not these. */
  readonly deny: readonly string[];
}

export type ListView = Readonly<Record<ListKind, NameFilter>>;

/** What an item of each list is called by its caller. */
const NAMES: readonly (readonly [items: string, kind: ListKind, name: string])[] = [
  ['tools', 'tools', 'name'],
  ['prompts', 'prompts', 'name'],
  ['resources', 'resources', 'uri'],
  ['resourceTemplates', 'resources', 'uriTemplate'],
];

export function filterMatcher({ allow, deny }: NameFilter): Matcher {
  const isAllowed = allow === undefined ? () => true : globMatcher(allow);
  const isDenied = globMatcher(deny);
  return (name) => name.length <= MAX_NAME_CHARS && isAllowed(name) && !isDenied(name);
}

/**
 * @param body a response to a method that returns a list, as JSON
 * @returns with what the caller may know of, and so for nobody else (2026-07-28, Caching, `cacheScope`). An error stays as
 *   it is
 */
export function viewedResponse(view: ListView, body: string): string {
  const message = memberTexts(body);
  const result = viewedMember(view, message.get('result'));
  if (result === undefined) return body;
  message.set('result', result);
  return objectText(message);
}

/** The result of such a response alone; `undefined` if it is an error. */
export function viewedResult(view: ListView, body: string): string | undefined {
  return viewedMember(view, memberTexts(body).get('result'));
}

function viewedMember(view: ListView, given: string | undefined): string | undefined {
  if (given?.startsWith('{') !== true) return undefined;
  const result = memberTexts(given);
  for (const [items, kind, name] of NAMES) {
    const list = result.get(items);
    if (list?.startsWith('[') !== true) continue;
    const matches = filterMatcher(view[kind]);
    const seen = Array.from(elementTexts(list)).filter((item) => {
      const called = nameIn(item, name);
      return called !== undefined && matches(called);
    });
    result.set(items, `[${seen.join(',')}]`);
  }
  if (result.has('cacheScope')) result.set('cacheScope', '"private"');
  return objectText(result);
}

function nameIn(item: string, member: string): string | undefined {
  const text = item.startsWith('{') ? memberTexts(item).get(member) : undefined;
  const name: unknown = text?.startsWith('"') === true ? JSON.parse(text) : undefined;
  return typeof name === 'string' ? name : undefined;
}
