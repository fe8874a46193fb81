/**
 * Finds out who makes a request. There may be several ways at once, each for a kind of credential, and they are asked in
 * order: the `authenticate` function of an embedding program, the client's certificate, named tokens, an authorization
 * server. The first that knows the credential decides.
 */
import type { IncomingMessage } from 'node:http';
import type { Rejection } from '../protocol/rejection.js';
import { bearerToken } from './bearer.js';
import { ANONYMOUS, type Principal } from './principal.js';

type AuthenticationReason = 'unauthorized' | 'forbidden' | 'authentication_failed';

/** Why a request is refused before anything else is done for it. */
export interface AuthenticationRejection extends Rejection<AuthenticationReason> {
  readonly status: 401 | 403 | 500 | 503;
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong, only for the log. */
  readonly detail?: string;
}

export type Authenticated = Principal | AuthenticationRejection;

/** What a request wants to reach, and what its credential must therefore be for. */
export interface ProtectedEndpoint {
  /** URLs of which one must be among a token's audiences (RFC 8707). */
  readonly audiences: readonly string[];
  /**
   * The `WWW-Authenticate` header of a 401 or 403 (RFC 6750, section 3; RFC 9728, section 5.1).
   * @param error a code of RFC 6750, section 3.1; only if a credential was sent
   */
  challenge(error?: string, description?: string, scopes?: readonly string[]): string;
}

/** One way to find out who asks. */
export interface AuthenticationWay {
  /** @returns `undefined` if the request has no credential of this kind, or one that this way does not know */
  authenticate(
    request: IncomingMessage,
    endpoint: ProtectedEndpoint,
  ): Authenticated | undefined | Promise<Authenticated | undefined>;
}

export function isRejection(found: Authenticated): found is AuthenticationRejection {
  return 'status' in found;
}

export function unauthorized(
  endpoint: ProtectedEndpoint,
  message: string,
  isWrong: boolean,
): AuthenticationRejection {
  const challenge = isWrong ? endpoint.challenge('invalid_token', message) : endpoint.challenge();
  return { status: 401, reason: 'unauthorized', message, headers: { 'www-authenticate': challenge } };
}

const NO_TOKEN = 'This server needs a bearer token: send it as "Authorization: Bearer <token>".';
const WRONG_TOKEN = 'The bearer token is not one that this server knows.';
const NOBODY = 'This server needs to know who asks, and the request does not say it: sign in again.';

export interface AuthenticationOptions {
  readonly ways: readonly AuthenticationWay[];
  /** Whether a request may say nothing of who makes it. */
  readonly allowsAnonymous: boolean;
  /** Whether one of the ways takes bearer tokens. */
  readonly takesTokens: boolean;
}

export class AuthenticationChain {
  readonly #options: AuthenticationOptions;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /** Who makes the request, or why it is refused. A promise only where that takes a moment. */
  authenticate(
    request: IncomingMessage,
    endpoint: ProtectedEndpoint,
  ): Authenticated | Promise<Authenticated> {
    return this.#ask(0, request, endpoint);
  }

  #ask(
    index: number,
    request: IncomingMessage,
    endpoint: ProtectedEndpoint,
  ): Authenticated | Promise<Authenticated> {
    const { ways } = this.#options;
    for (let next = index; next < ways.length; next += 1) {
      const found = ways[next]?.authenticate(request, endpoint);
      if (found instanceof Promise)
        return found.then((awaited) => awaited ?? this.#ask(next + 1, request, endpoint));
      if (found !== undefined) return found;
    }
    return this.#unknown(request, endpoint);
  }

  #unknown({ headers }: IncomingMessage, endpoint: ProtectedEndpoint): Authenticated {
    const { allowsAnonymous, takesTokens } = this.#options;
    if (allowsAnonymous) return ANONYMOUS;
    if (!takesTokens) return unauthorized(endpoint, NOBODY, false);
    const isWrong = bearerToken(headers.authorization) !== undefined;
    return unauthorized(endpoint, isWrong ? WRONG_TOKEN : NO_TOKEN, isWrong);
  }
}
