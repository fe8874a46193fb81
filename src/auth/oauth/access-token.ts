/** An access token whose signature or state is known to be right, before it is checked for one endpoint. */
import type { Fields } from '../../shared/fields.js';
import { scopesOf } from '../../shared/scopes.js';
import { MAX_SUBJECT_CHARS } from '../given-principal.js';
import { type Principal, principalOf } from '../principal.js';

export interface AccessToken {
  readonly principal: Principal;
  /** For whom it was issued (RFC 8707). */
  readonly audiences: readonly string[];
}

/** Why a token is not accepted, as a sentence that its client is shown. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/** By how much the clock of the machine that signs a token may differ from this one's. */
export const LEEWAY_SECONDS = 30;

export interface AccessTokenFacts {
  readonly kind: 'jwt' | 'introspected';
  readonly issuer: string;
  readonly claims: Fields;
  readonly shownClaims: readonly string[];
}

/** @throws {TokenRefused} if it does not say who has it, or says until when in another way than in seconds */
export function accessTokenOf({ kind, issuer, claims, shownClaims }: AccessTokenFacts): AccessToken {
  const { sub, client_id: clientId, azp, exp, iss = issuer, token_type: type, cnf } = claims;
  if (iss !== issuer) throw new TokenRefused('The access token is of another authorization server.');
  if (type !== undefined && String(type).toLowerCase() !== 'bearer')
    throw new TokenRefused('The token is not a bearer token.');
  // Whoever has stolen it could use it here (RFC 8705, section 3; RFC 9449, section 7).
  if (cnf !== undefined)
    throw new TokenRefused('The access token is bound to a key of its client, which cannot be checked here.');
  // A client that acts for itself may have no subject (RFC 7662, section 2.2).
  const subject = [sub, clientId, azp].find((given) => typeof given === 'string' && given !== '');
  if (typeof subject !== 'string' || subject.length > MAX_SUBJECT_CHARS)
    throw new TokenRefused('The access token has no subject.');
  if (exp !== undefined && typeof exp !== 'number')
    throw new TokenRefused('The access token has an expiry that is not a number.');
  const leeway = kind === 'jwt' ? LEEWAY_SECONDS : 0;
  return {
    principal: principalOf({
      kind,
      issuer,
      subject,
      scopes: scopesOf(claims),
      claims,
      shownClaims,
      expiresAtMs: exp === undefined ? undefined : (exp + leeway) * 1_000,
    }),
    audiences: audiencesOf(claims.aud),
  };
}

function audiencesOf(aud: unknown): readonly string[] {
  const given = Array.isArray(aud) ? aud : [aud];
  return given.filter((one) => typeof one === 'string').map(canonicalResource);
}

/** A resource's identifier: scheme and host in lower case, no slash at its end (2026-07-28, Authorization, "Canonical Server URI"). */
export function canonicalResource(uri: string): string {
  const text = URL.canParse(uri) && /^https?:/i.test(uri) ? new URL(uri).href : uri;
  return text.replace(/\/$/, '');
}
