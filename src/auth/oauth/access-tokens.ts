/**
 * The way of OAuth 2.1 (2025-11-25 and 2026-07-28, Authorization): an access token of a trusted authorization server, for
 * this very endpoint. Signed tokens are checked by the server's keys, opaque ones by its word. What was found out is kept
 * for a short time, so that a token costs a signature only now and then; the audience is checked at each request.
 */
import type { IncomingMessage } from 'node:http';
import {
  type Authenticated,
  type AuthenticationRejection,
  type AuthenticationWay,
  type ProtectedEndpoint,
  unauthorized,
} from '../authentication.js';
import { bearerToken } from '../bearer.js';
import { isExpired } from '../principal.js';
import { type AccessToken, accessTokenOf, TokenRefused } from './access-token.js';
import { AuthorizationServerError } from './fetch-json.js';
import type { Issuer } from './issuer.js';
import { isSigned, issuerIn, verifySigned } from './signed-tokens.js';
import { TokenCache, tokenDigest } from './token-cache.js';

/** Within this time, a removed key or a revoked token is noticed. */
const SIGNED_MS = 60_000;
const OPAQUE_MS = 30_000;
/** A refused token is asked about again after this. */
const REFUSED_MS = 10_000;
/** Signatures and questions at the same time. */
const MAX_CHECKS = 256;
/** Longer ones are no tokens; the whole head of a request has 16 KiB. */
const MAX_TOKEN_CHARS = 12_000;
const RETRY_AFTER_SECONDS = 5;

type Verdict = AccessToken | Refused;

interface Refused {
  /** A sentence that the client is shown. */
  readonly refused: string;
}

export interface AccessTokensOptions {
  readonly issuers: readonly Issuer[];
  /** Audiences that are accepted besides the URL of an endpoint. */
  readonly audiences: readonly string[];
  /** The claims that a server module is told, by name. */
  readonly shownClaims: readonly string[];
}

export class AccessTokens implements AuthenticationWay {
  readonly #options: AccessTokensOptions;
  readonly #known = new TokenCache<AccessToken>();
  /** Apart from the others, because anybody can fill it. */
  readonly #refused = new TokenCache<Refused>();
  readonly #checks = new Map<string, Promise<Verdict>>();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  authenticate(
    { headers }: IncomingMessage,
    endpoint: ProtectedEndpoint,
  ): Authenticated | undefined | Promise<Authenticated> {
    const token = bearerToken(headers.authorization);
    if (token === undefined) return undefined;
    if (token.length > MAX_TOKEN_CHARS) return unauthorized(endpoint, 'The access token is too long.', true);
    const digest = tokenDigest(token);
    const known = this.#known.get(digest) ?? this.#refused.get(digest);
    if (known !== undefined) return this.#at(endpoint, known);
    return this.#check(token, digest).then(
      (verdict) => this.#at(endpoint, verdict),
      (error: unknown) => unavailable(error),
    );
  }

  #at(endpoint: ProtectedEndpoint, verdict: Verdict): Authenticated {
    if ('refused' in verdict) return unauthorized(endpoint, verdict.refused, true);
    const { principal, audiences } = verdict;
    if (isExpired(principal)) return unauthorized(endpoint, 'The access token has expired.', true);
    const accepted = [...endpoint.audiences, ...this.#options.audiences];
    if (audiences.some((audience) => accepted.includes(audience))) return principal;
    return unauthorized(
      endpoint,
      `The access token is for another server: its audience must have ${endpoint.audiences[0] ?? accepted[0]}.`,
      true,
    );
  }

  /** The same token is checked once, however many requests bring it at the same time. */
  #check(token: string, digest: string): Promise<Verdict> {
    let check = this.#checks.get(digest);
    if (check === undefined) {
      if (this.#checks.size >= MAX_CHECKS)
        return Promise.reject(new AuthorizationServerError(`${MAX_CHECKS} tokens are being checked already`));
      check = this.#verdict(token, digest).finally(() => this.#checks.delete(digest));
      this.#checks.set(digest, check);
    }
    return check;
  }

  async #verdict(token: string, digest: string): Promise<Verdict> {
    const nowMs = Date.now();
    try {
      const found = isSigned(token) ? await this.#signed(token) : undefined;
      const known = found ?? (await this.#opaque(token));
      const keptMs = found === undefined ? OPAQUE_MS : SIGNED_MS;
      this.#known.set(digest, known, nowMs + keptMs);
      return known;
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      const verdict = { refused: error.message };
      this.#refused.set(digest, verdict, nowMs + REFUSED_MS);
      return verdict;
    }
  }

  async #signed(token: string): Promise<AccessToken | undefined> {
    const named = issuerIn(token);
    const issuer = this.#options.issuers.find((one) => one.issuer === named);
    if (issuer !== undefined) return verifySigned(token, issuer, this.#options.shownClaims);
    if (named === undefined) return undefined;
    throw new TokenRefused('The access token is of an authorization server that is not trusted here.');
  }

  async #opaque(token: string): Promise<AccessToken> {
    const { issuers, shownClaims } = this.#options;
    let failure: unknown;
    for (const issuer of issuers.filter(({ introspects }) => introspects)) {
      try {
        const claims = await issuer.introspect(token);
        if (claims.active === true)
          return accessTokenOf({ kind: 'introspected', issuer: issuer.issuer, claims, shownClaims });
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    throw new TokenRefused('The access token is unknown, expired or revoked.');
  }
}

/** Nobody is let in because nobody can be asked. */
function unavailable(error: unknown): AuthenticationRejection {
  const isDown = error instanceof AuthorizationServerError;
  return {
    status: isDown ? 503 : 500,
    reason: 'authentication_failed',
    message: isDown
      ? 'The access token cannot be checked at the moment, because the authorization server does not answer. Try again later.'
      : 'Internal error: the access token could not be checked. The log says why.',
    ...(isDown && { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } }),
    detail:
      error instanceof Error ? (isDown ? error.message : (error.stack ?? error.message)) : String(error),
  };
}
