/** What the rules say of one principal and one server. */

import type { Rule } from '../../shared/access-rule.js';
import { globMatcher, type Matcher } from '../../shared/glob.js';
import { LIST_KINDS, type ListKind } from '../../shared/list-methods.js';
import { filterMatcher, type ListView, type NameFilter } from '../../shared/list-view.js';

/** A tool, a prompt or a resource that a request names. */
export interface Operation {
  readonly kind: ListKind;
  readonly name: string;
}

/** Why it may not be. `rule`: the index of the rule that says so; `undefined`: no rule allows it. */
export type Verdict =
  | { readonly denied: true; readonly rule: number | undefined }
  /** Only scopes are missing. `needed`: all that the operation needs. */
  | { readonly denied: false; readonly rule: number; readonly needed: readonly string[] };

export interface StandingFacts {
  /** The rules for this server, in their order, that are for this principal. */
  readonly rules: readonly Rule[];
  /** Whether any rule allows something of this server, to whomever: then it is closed to everybody else. */
  readonly closed: boolean;
  /** Whether any rule allows or denies something of it. */
  readonly filtered: boolean;
  readonly granted: ReadonlySet<string>;
}

const NAMES_NOTHING = (rule: Rule): boolean => LIST_KINDS.every((kind) => rule[kind] === undefined);

export class Standing {
  /** Why nothing of the server may be used; `undefined`: something may. */
  readonly barred: Extract<Verdict, { denied: true }> | undefined;
  /** What is seen of its lists; `undefined`: they are the same for everybody. */
  readonly view: ListView | undefined;
  /** Whether no rule is about it. */
  readonly free: boolean;
  readonly #denies: readonly Rule[];
  readonly #requires: readonly Rule[];
  readonly #granted: ReadonlySet<string>;
  readonly #sees: Readonly<Record<ListKind, Matcher>>;

  constructor({ rules, closed, filtered, granted }: StandingFacts) {
    const of = (effect: Rule['effect']): readonly Rule[] => rules.filter((rule) => rule.effect === effect);
    const allows = of('allow');
    this.#denies = of('deny');
    this.#requires = of('require');
    this.#granted = granted;
    this.free = !filtered && this.#requires.length === 0;
    const denied = this.#denies.find(NAMES_NOTHING);
    if (denied !== undefined) this.barred = { denied: true, rule: denied.index };
    else if (closed && allows.length === 0) this.barred = { denied: true, rule: undefined };
    const view = {} as Record<ListKind, NameFilter>;
    const sees = {} as Record<ListKind, Matcher>;
    for (const kind of LIST_KINDS) {
      view[kind] = {
        allow: closed && !allows.some(NAMES_NOTHING) ? allows.flatMap((rule) => rule[kind] ?? []) : undefined,
        deny: denied === undefined ? this.#denies.flatMap((rule) => rule[kind] ?? []) : ['*'],
      };
      sees[kind] = filterMatcher(view[kind]);
    }
    this.view = filtered ? view : undefined;
    this.#sees = sees;
  }

  /**
   * @param operations what the request names; a request that names nothing, such as `tools/list`, needs only what the server
   *   itself needs
   */
  verdict(operations: readonly Operation[]): Verdict | undefined {
    if (this.barred !== undefined) return this.barred;
    for (const operation of operations) {
      const { kind, name } = operation;
      if (!this.#sees[kind](name))
        return { denied: true, rule: this.#denies.find((rule) => names(rule, operation))?.index };
    }
    return this.#missing(operations);
  }

  #missing(operations: readonly Operation[]): Verdict | undefined {
    const matching = this.#requires.filter(
      (rule) => NAMES_NOTHING(rule) || operations.some((operation) => names(rule, operation)),
    );
    const lacking = matching.find(({ scopes }) => scopes.some((scope) => !this.#granted.has(scope)));
    if (lacking === undefined) return undefined;
    const needed = new Set(matching.flatMap(({ scopes }) => scopes));
    return { denied: false, rule: lacking.index, needed: [...needed] };
  }
}

function names(rule: Rule, { kind, name }: Operation): boolean {
  const globs = rule[kind];
  if (globs === undefined) return false;
  let matcher = matchers.get(globs);
  if (matcher === undefined) {
    matcher = globMatcher(globs);
    matchers.set(globs, matcher);
  }
  return matcher(name);
}

/** Of the globs of rules, which last as long as the gateway. */
const matchers = new WeakMap<readonly string[], Matcher>();
