/**
 * The gateway's rules: what each principal may use of each server.
 *
 * 1. A rule counts for a request if it is for its principal and for its server. The order of rules does not matter.
 * 2. What one of them denies is denied, whatever others allow.
 * 3. As soon as any rule allows something of a server, to whomever, the server is closed: of it, only what a rule allows is
 *    allowed. A server that no rule allows anything of is open.
 * 4. A rule without `tools`, `prompts` and `resources` is about the server with all that it has; otherwise only about what these
 *    name.
 * 5. Required scopes hide nothing: who lacks one is told which to ask for.
 *
 * What counts are scopes and claims of the request's own token.
 */

import type { Policy, Rule } from '../../shared/access-rule.js';
import { globMatcher, type Matcher } from '../../shared/glob.js';
import type { Principal } from '../principal.js';
import { type Applies, appliesTo } from './applicable.js';
import { ScopeHierarchy } from './scope-hierarchy.js';
import { Standing } from './standing.js';

interface CompiledRule {
  readonly rule: Rule;
  readonly applies: Applies;
  readonly isServer: Matcher;
}

export interface RulesOptions {
  readonly rules: readonly Rule[] | undefined;
  readonly scopeIncludes: ReadonlyMap<string, readonly string[]> | undefined;
  readonly policy: Policy;
}

const ANY_SERVER = (): boolean => true;

export class Rules {
  readonly policy: Policy;
  readonly #rules: readonly CompiledRule[];
  readonly #hierarchy: ScopeHierarchy;
  /** A token that is known has one principal for all of its requests. */
  readonly #standings = new WeakMap<Principal, Map<string, Standing>>();

  constructor({ rules = [], scopeIncludes = new Map(), policy }: RulesOptions) {
    this.policy = policy;
    this.#hierarchy = new ScopeHierarchy(scopeIncludes);
    this.#rules = rules.map((rule) => ({
      rule,
      applies: appliesTo(rule, this.#hierarchy),
      isServer: rule.servers === undefined ? ANY_SERVER : globMatcher(rule.servers),
    }));
  }

  /** Whether there are none, so that everything is allowed. */
  get none(): boolean {
    return this.#rules.length === 0;
  }

  /** @param server a name of the catalogue, of which there are few */
  standing(principal: Principal, server: string): Standing {
    let standings = this.#standings.get(principal);
    if (standings === undefined) {
      standings = new Map();
      this.#standings.set(principal, standings);
    }
    let standing = standings.get(server);
    if (standing === undefined) {
      standing = this.#judge(principal, server);
      standings.set(server, standing);
    }
    return standing;
  }

  #judge(principal: Principal, server: string): Standing {
    const about = this.#rules.filter(({ isServer }) => isServer(server));
    return new Standing({
      rules: about.filter(({ applies }) => applies(principal)).map(({ rule }) => rule),
      closed: about.some(({ rule }) => rule.effect === 'allow'),
      filtered: about.some(({ rule }) => rule.effect !== 'require'),
      granted: this.#hierarchy.granted(principal.identity.scopes),
    });
  }
}
