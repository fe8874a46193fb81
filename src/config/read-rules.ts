/** Reads the options `rules` and `scope-includes`. A mistake is one sentence that names the rule and the field. */

import { type ClaimValue, EFFECTS, type Effect, type Rule } from '../shared/access-rule.js';
import { isFields } from '../shared/fields.js';
import { didYouMean } from '../shared/nearest.js';
import { isScope } from '../shared/scopes.js';

const MAX_RULES = 1_000;
const MAX_VALUES = 200;
/** The time of a comparison is bounded by the product of both lengths. */
const MAX_GLOB_CHARS = 200;

/** What is wrong, as a whole sentence without its subject's source. */
export class RuleMistake extends Error {
  override readonly name = 'RuleMistake';
}

/** By key: what a value must be, and whether a text is one. */
const TEXT_LISTS: Readonly<Record<TextKey, readonly [is: (text: string) => boolean, what: string]>> = {
  principal: [isGlob, `names or globs of 1 to ${MAX_GLOB_CHARS} characters`],
  issuer: [(text) => /^[!-~]{1,500}$/.test(text), 'issuers, without spaces'],
  scope: [isScope, 'scopes, without spaces, quotes or backslashes'],
  servers: [isGlob, `names or globs of 1 to ${MAX_GLOB_CHARS} characters`],
  tools: [isGlob, `names or globs of 1 to ${MAX_GLOB_CHARS} characters`],
  prompts: [isGlob, `names or globs of 1 to ${MAX_GLOB_CHARS} characters`],
  resources: [isGlob, `URIs or globs of 1 to ${MAX_GLOB_CHARS} characters`],
  scopes: [isScope, 'scopes, without spaces, quotes or backslashes'],
};

type TextKey = 'principal' | 'issuer' | 'scope' | 'servers' | 'tools' | 'prompts' | 'resources' | 'scopes';

const KEYS: readonly string[] = [...Object.keys(TEXT_LISTS), 'claim', 'effect'];

/** @throws {RuleMistake} */
export function readRules(written: unknown): readonly Rule[] {
  if (!Array.isArray(written) || written.length > MAX_RULES)
    throw new RuleMistake(`rules is ${shown(written)}, but must be a list of at most ${MAX_RULES} rules.`);
  return Object.freeze(written.map(readRule));
}

function readRule(written: unknown, index: number): Rule {
  const place = `rules[${index}]`;
  if (!isFields(written))
    throw new RuleMistake(
      `${place} is ${shown(written)}, but must be an object such as {"effect": "allow", "tools": "read_*"}.`,
    );
  for (const key of Object.keys(written))
    if (!KEYS.includes(key))
      throw new RuleMistake(`${place}.${key} is not a key of a rule${didYouMean(key, KEYS)}.`);
  const texts = (key: TextKey): readonly string[] | undefined => readTexts(place, key, written[key]);
  const effect = readEffect(place, written.effect);
  const scopes = texts('scopes');
  if ((effect === undefined) === (scopes === undefined))
    throw new RuleMistake(
      effect === undefined
        ? `${place} has neither effect nor scopes, but must have one of them: "allow" or "deny", or the scopes that are required.`
        : `${place} has both effect and scopes, but must have one of them: write two rules.`,
    );
  return Object.freeze({
    index,
    principal: texts('principal'),
    issuer: texts('issuer'),
    scope: texts('scope'),
    claim: readClaims(place, written.claim),
    servers: texts('servers'),
    tools: texts('tools'),
    prompts: texts('prompts'),
    resources: texts('resources'),
    effect: effect ?? 'require',
    scopes: scopes ?? [],
  });
}

function readEffect(place: string, written: unknown): Effect | undefined {
  if (written === undefined) return undefined;
  const effect = EFFECTS.find((known) => known === written);
  if (effect !== undefined) return effect;
  const meant = typeof written === 'string' ? didYouMean(written, EFFECTS) : '';
  throw new RuleMistake(`${place}.effect is ${shown(written)}, but must be "allow" or "deny"${meant}.`);
}

function readTexts(place: string, key: TextKey, written: unknown): readonly string[] | undefined {
  if (written === undefined) return undefined;
  const [is, what] = TEXT_LISTS[key];
  const list = listOf(written);
  if (list === undefined)
    throw new RuleMistake(
      `${place}.${key} is ${shown(written)}, but must be one or a list of 1 to ${MAX_VALUES} ${what}.`,
    );
  for (const value of list)
    if (typeof value !== 'string' || !is(value))
      throw new RuleMistake(`${place}.${key} has ${shown(value)}, but must be one or a list of ${what}.`);
  return Object.freeze(list as string[]);
}

function readClaims(place: string, written: unknown): Rule['claim'] {
  if (written === undefined) return undefined;
  const expected = 'an object with a value, or a list of values, for each claim';
  if (!isFields(written) || Object.keys(written).length === 0)
    throw new RuleMistake(`${place}.claim is ${shown(written)}, but must be ${expected}.`);
  return Object.entries(written).map(([name, value]) => {
    const values = listOf(value);
    if (name === '' || values?.every(isClaimValue) !== true)
      throw new RuleMistake(
        `${place}.claim.${name} is ${shown(value)}, but must be a text, a number, true or false, or a list of those.`,
      );
    return [name, Object.freeze(values as ClaimValue[])] as const;
  });
}

/** @throws {RuleMistake} */
export function readScopeIncludes(written: unknown): ReadonlyMap<string, readonly string[]> {
  const expected =
    'an object with a list of scopes for each scope that includes them, such as {"admin": ["read", "write"]}';
  if (!isFields(written))
    throw new RuleMistake(`scope-includes is ${shown(written)}, but must be ${expected}.`);
  return new Map(
    Object.entries(written).map(([scope, value]) => {
      const included = listOf(value);
      if (!isScope(scope) || included?.every(isScope) !== true)
        throw new RuleMistake(`scope-includes.${scope} is ${shown(value)}, but must be ${expected}.`);
      return [scope, Object.freeze(included as string[])];
    }),
  );
}

/**
 * A name that no server has would silently allow or deny nothing.
 * @param servers names of the catalogue
 * @throws {RuleMistake}
 */
export function checkServersOfRules(rules: readonly Rule[], servers: readonly string[]): void {
  for (const { index, servers: named = [] } of rules)
    for (const name of named)
      if (!/[*?]/.test(name) && !servers.includes(name))
        throw new RuleMistake(
          `rules[${index}].servers has ${shown(name)}, but there is no such server${didYouMean(name, servers)}.`,
        );
}

function listOf(written: unknown): readonly unknown[] | undefined {
  const list = Array.isArray(written) ? (written as readonly unknown[]) : [written];
  return list.length > 0 && list.length <= MAX_VALUES ? list : undefined;
}

function isGlob(text: string): boolean {
  return text.length > 0 && text.length <= MAX_GLOB_CHARS;
}

function isClaimValue(value: unknown): value is ClaimValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? String(value) : text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
