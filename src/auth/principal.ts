/** Who makes a request, and what an embedding program says of that. */
import { cut } from '../shared/errors.js';
import { isFields } from '../shared/fields.js';
import type { Identity } from '../shared/session-context.js';

/** Who makes a request. */
export interface Principal {
  /** What tells principals apart. It never contains a secret. */
  readonly key: string;
  /** Only of those that `authenticate` has named. */
  readonly identity: Identity | undefined;
}

/** Everybody who has not said who they are: they have nothing in common. */
export const ANONYMOUS: Principal = Object.freeze({ key: 'anonymous', identity: undefined });
/** The holder of the static bearer token. */
export const TOKEN_HOLDER: Principal = Object.freeze({ key: 'token', identity: undefined });

/** Why `authenticate` refuses a request. */
export interface Refusal {
  /** 401: it is not known who asks. 403: it is known, but may not. */
  readonly status: 401 | 403;
  /** A sentence that the client is shown, of at most 1,000 characters. */
  readonly message: string;
  /**
   * The `WWW-Authenticate` header, such as `Bearer resource_metadata="https://app.example/.well-known/…"`; for 401 it is
   * `Bearer realm="mcp-bulkhead"` without it.
   */
  readonly wwwAuthenticate?: string | undefined;
}

/** A principal as `authenticate` names it. */
export interface GivenPrincipal {
  /** Who it is, unique for its issuer: 1 to 500 characters. */
  readonly subject: string;
  /** Who says so, such as the URL of an authorization server: up to 500 characters without spaces. By default `local`. */
  readonly issuer?: string | undefined;
  /** What it may do, as in OAuth (RFC 6749, section 3.3): up to 100, of up to 200 characters without spaces. By default none. */
  readonly scopes?: readonly string[] | undefined;
}

/** What `authenticate` returns: who makes the request, or why it is refused. `undefined`, `null` and `false` mean 401. */
export type Authentication = GivenPrincipal | Refusal | undefined | null | false;

/** Stands for an issuer that was not named. */
const NO_ISSUER = 'local';
const MAX_CHARS = 500;
const MAX_SCOPES = 100;
const MAX_MESSAGE_CHARS = 1_000;
/** Visible ASCII. */
const ISSUER = /^[!-~]{1,500}$/;
const SCOPE = /^[!-~]{1,200}$/;
/** A field value of a header (RFC 9110, section 5.5), without obsolete text. */
const HEADER_VALUE = /^[\t -~]{1,2000}$/;

/**
 * Checks what `authenticate` has returned.
 * @returns the principal; or the refusal, or `undefined` for the usual one
 * @throws {TypeError} with a sentence for the log, if it is none of them
 */
export function readAuthentication(given: unknown): Principal | Refusal | undefined {
  if (given === undefined || given === null || given === false) return undefined;
  if (!isFields(given)) throw wrong('a principal, a refusal, or undefined', given);
  return 'status' in given ? readRefusal(given) : readPrincipal(given);
}

function readRefusal({ status, message, wwwAuthenticate }: Readonly<Record<string, unknown>>): Refusal {
  if (status !== 401 && status !== 403) throw wrong('a refusal with the status 401 or 403', status);
  if (typeof message !== 'string' || message === '') throw wrong('a refusal with a message', message);
  if (wwwAuthenticate !== undefined && !matches(HEADER_VALUE, wwwAuthenticate))
    throw wrong('a refusal whose wwwAuthenticate is the value of a header', wwwAuthenticate);
  return { status, message: cut(message, MAX_MESSAGE_CHARS), wwwAuthenticate };
}

function readPrincipal(given: Readonly<Record<string, unknown>>): Principal {
  const { subject, issuer = NO_ISSUER, scopes = [] } = given;
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_CHARS)
    throw wrong(`a principal whose subject is a text of 1 to ${MAX_CHARS} characters`, subject);
  if (!matches(ISSUER, issuer))
    throw wrong(`a principal whose issuer is a text of 1 to ${MAX_CHARS} characters without spaces`, issuer);
  if (!isListOfScopes(scopes))
    throw wrong(
      `a principal whose scopes are an array of at most ${MAX_SCOPES} texts without spaces`,
      scopes,
    );
  const identity = Object.freeze({
    issuer,
    subject,
    scopes: Object.freeze([...new Set(scopes)].sort()),
  });
  return { key: keyOf(identity), identity };
}

/**
 * No two identities have the same key, and none has that of `ANONYMOUS` or `TOKEN_HOLDER`, which contain no space. Scopes
 * belong to it, because a server may have decided by them what it keeps for its client.
 */
function keyOf({ issuer, subject, scopes }: Identity): string {
  return [issuer, subject.replace(/[%\s\p{Cc}]/gu, encodeURIComponent), ...scopes].join(' ');
}

function isListOfScopes(given: unknown): given is readonly string[] {
  return Array.isArray(given) && given.length <= MAX_SCOPES && given.every((scope) => matches(SCOPE, scope));
}

function matches(pattern: RegExp, given: unknown): given is string {
  return typeof given === 'string' && pattern.test(given);
}

/** Only the kind of what was returned instead: it may contain a secret. */
function wrong(expected: string, given: unknown): TypeError {
  const kind =
    given === null ? 'null' : Array.isArray(given) ? 'an array' : `a value of type ${typeof given}`;
  return new TypeError(`createGateway's authenticate function must return ${expected}, not ${kind}`);
}
