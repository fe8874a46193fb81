/** One of the gateway's rules, as the configuration says it. Globs have `*` and `?`. docs/rules.md says what rules mean. */

export type ClaimValue = string | number | boolean;

export const EFFECTS = ['allow', 'deny'] as const;
export type Effect = (typeof EFFECTS)[number];

type OneOrMore<Value> = Value | readonly Value[];

/** A rule as it is written. What is left out of the first four means everybody, of the others everything. */
export interface RuleInput {
  /** For whom: globs of subjects. Issuers are not looked at, unless `issuer` says which. */
  readonly principal?: OneOrMore<string> | undefined;
  /** For whom: one of these issuers says who asks. */
  readonly issuer?: OneOrMore<string> | undefined;
  /** For whom: the token has one of these scopes. */
  readonly scope?: OneOrMore<string> | undefined;
  /** For whom: each of these claims of the token has, or contains, one of the values. A name may be a path such as `realm_access.roles`. */
  readonly claim?: Readonly<Record<string, OneOrMore<ClaimValue>>> | undefined;
  /** What: globs of servers' names. */
  readonly servers?: OneOrMore<string> | undefined;
  /** What: globs of tools' names, as clients see them. */
  readonly tools?: OneOrMore<string> | undefined;
  /** What: globs of prompts' names. */
  readonly prompts?: OneOrMore<string> | undefined;
  /** What: globs of resources' URIs. */
  readonly resources?: OneOrMore<string> | undefined;
  /** Whether it is allowed or denied; without it, `scopes` are required. */
  readonly effect?: Effect | undefined;
  /** Scopes that are all required for it. */
  readonly scopes?: OneOrMore<string> | undefined;
}

/** The same, checked. What was left out is `undefined`. */
export interface Rule {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly principal: readonly string[] | undefined;
  readonly issuer: readonly string[] | undefined;
  readonly scope: readonly string[] | undefined;
  readonly claim: readonly (readonly [name: string, values: readonly ClaimValue[]])[] | undefined;
  readonly servers: readonly string[] | undefined;
  readonly tools: readonly string[] | undefined;
  readonly prompts: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
  readonly effect: Effect | 'require';
  /** Only with `require`. */
  readonly scopes: readonly string[];
}

/** `enforce`: what is not allowed is refused. `dry-run`: it is logged and counted, and let through. */
export const POLICIES = ['enforce', 'dry-run'] as const;
export type Policy = (typeof POLICIES)[number];
