/** For whom a rule is. */

import type { ClaimValue, Rule } from '../../shared/access-rule.js';
import { isFields } from '../../shared/fields.js';
import { globMatcher, type Matcher } from '../../shared/glob.js';
import type { Principal } from '../principal.js';
import type { ScopeHierarchy } from './scope-hierarchy.js';

export type Applies = (principal: Principal) => boolean;

/** All parts that the rule has must be met; of several values in one part, one. */
export function appliesTo(
  { principal, issuer, scope, claim }: Pick<Rule, 'principal' | 'issuer' | 'scope' | 'claim'>,
  hierarchy: ScopeHierarchy,
): Applies {
  const isSubject: Matcher | undefined = principal && globMatcher(principal);
  return ({ identity, claims }) => {
    if (isSubject !== undefined && !isSubject(identity.subject)) return false;
    if (issuer !== undefined && !issuer.includes(identity.issuer)) return false;
    if (scope !== undefined) {
      const granted = hierarchy.granted(identity.scopes);
      if (!scope.some((one) => granted.has(one))) return false;
    }
    return claim === undefined || claim.every(([name, values]) => hasClaim(claims, name, values));
  };
}

function hasClaim(
  claims: Readonly<Record<string, unknown>>,
  name: string,
  values: readonly ClaimValue[],
): boolean {
  const claimed = Object.hasOwn(claims, name) ? claims[name] : nested(claims, name);
  const all: readonly unknown[] = Array.isArray(claimed) ? claimed : [claimed];
  return all.some((one) => values.includes(one as ClaimValue));
}

/** `realm_access.roles`, where the claim `realm_access` is an object. */
function nested(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
