/** Bearer tokens that are written down: the option `token`, and the lines of `tokens-file`. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type Authenticated,
  type AuthenticationWay,
  type ProtectedEndpoint,
  unauthorized,
} from './authentication.js';
import { bearerToken, digestOf } from './bearer.js';
import { isExpired, type Principal, principalOf } from './principal.js';

/** The issuer of all principals that have such a token. */
const TOKEN_ISSUER = 'token';
/** The name of the one that the option `token` gives. */
const OPTION_TOKEN_NAME = 'token';

export interface NamedToken {
  /** The subject of its principal. */
  readonly name: string;
  /** SHA-256 of the token: 32 bytes. */
  readonly digest: Buffer;
  readonly scopes: readonly string[];
  /** In milliseconds since the epoch; `undefined`: it does not expire. */
  readonly expiresAtMs: number | undefined;
}

interface Entry {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/**
 * Tokens are found by a keyed digest, whose key nobody outside of the process knows, and then compared in constant time.
 * So how long a look-up takes says nothing of how near a guess was.
 */
export class StaticTokens implements AuthenticationWay {
  readonly #key = randomBytes(32);
  #entries: ReadonlyMap<string, Entry> = new Map();

  constructor(tokens: readonly NamedToken[]) {
    this.replace(tokens);
  }

  /** From now on these are valid, and no others. */
  replace(tokens: readonly NamedToken[]): void {
    this.#entries = new Map(
      tokens.map(({ digest, name, scopes, expiresAtMs }) => {
        const principal = principalOf({
          kind: 'token',
          issuer: TOKEN_ISSUER,
          subject: name,
          scopes,
          expiresAtMs,
        });
        return [this.#placeOf(digest), { digest, principal }];
      }),
    );
  }

  authenticate({ headers }: IncomingMessage, endpoint: ProtectedEndpoint): Authenticated | undefined {
    const given = bearerToken(headers.authorization);
    if (given === undefined) return undefined;
    const principal = this.find(given);
    if (principal === undefined || !isExpired(principal)) return principal;
    return unauthorized(endpoint, 'The bearer token has expired: ask for a new one.', true);
  }

  /** Whose token it is, expired or not. */
  find(token: string): Principal | undefined {
    const digest = digestOf(token);
    const entry = this.#entries.get(this.#placeOf(digest));
    return entry !== undefined && timingSafeEqual(digest, entry.digest) ? entry.principal : undefined;
  }

  #placeOf(digest: Buffer): string {
    return createHmac('sha256', this.#key).update(digest).digest('base64');
  }
}

/** The token of the option `token`. */
export function optionToken(token: string): NamedToken {
  return { name: OPTION_TOKEN_NAME, digest: digestOf(token), scopes: [], expiresAtMs: undefined };
}
