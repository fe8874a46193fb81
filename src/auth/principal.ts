/** Who makes a request. */
import { type Identity, NOBODY, type PrincipalKind } from '../shared/session-context.js';

/**
 * Sessions, handles, parked calls and subscriptions belong to issuer and subject. The rest may differ from one request to
 * the next: a refreshed token has another expiry, perhaps other scopes.
 */
export interface Principal {
  /** What tells principals apart: issuer and subject. It never contains a secret. */
  readonly key: string;
  /** What a server module is told. */
  readonly identity: Identity;
  /** All claims of its token, for rules; `{}` where there are none. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When its credential ends, in milliseconds since the epoch; `undefined`: never. */
  readonly expiresAtMs: number | undefined;
}

export interface PrincipalFacts {
  readonly kind: PrincipalKind;
  readonly issuer: string;
  readonly subject: string;
  readonly scopes?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The claims that a server module is told, by name; by default none. */
  readonly shownClaims?: readonly string[];
  readonly expiresAtMs?: number | undefined;
}

const NO_CLAIMS: Readonly<Record<string, unknown>> = Object.freeze({});

export function principalOf(facts: PrincipalFacts): Principal {
  const { kind, issuer, subject, scopes = [], claims = NO_CLAIMS, shownClaims = [], expiresAtMs } = facts;
  const shown = shownClaims.filter((name) => Object.hasOwn(claims, name));
  const identity: Identity = Object.freeze({
    kind,
    issuer,
    subject,
    scopes: Object.freeze([...new Set(scopes)].sort()),
    claims: shown.length === 0 ? NO_CLAIMS : Object.fromEntries(shown.map((name) => [name, claims[name]])),
  });
  return { key: keyOf(issuer, subject), identity, claims, expiresAtMs };
}

/** Everybody who has not said who they are: they have nothing in common. */
export const ANONYMOUS: Principal = Object.freeze({
  key: 'anonymous',
  identity: NOBODY,
  claims: NO_CLAIMS,
  expiresAtMs: undefined,
});

/** No two principals have the same key: an issuer has no space, and neither has what is left of a subject. */
function keyOf(issuer: string, subject: string): string {
  return `${issuer} ${subject.replace(/[%\s\p{Cc}]/gu, encodeURIComponent)}`;
}

export function isExpired({ expiresAtMs }: Principal, nowMs = Date.now()): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs;
}
