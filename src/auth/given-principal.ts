/** What the `authenticate` function of an embedding program says of a request. */
import { cut } from '../shared/errors.js';
import { isFields } from '../shared/fields.js';
import { isScope } from '../shared/scopes.js';
import { type Principal, principalOf } from './principal.js';

/** Why `authenticate` refuses a request. */
export interface Refusal {
  /** 401: it is not known who asks. 403: it is known, but may not. */
  readonly status: 401 | 403;
  /** A sentence that the client is shown, of at most 1,000 characters. */
  readonly message: string;
  /**
   * The `WWW-Authenticate` header, such as `Bearer resource_metadata="https://app.example/.well-known/…"`; for 401 it is
   * the gateway's own without it.
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
  /** When its credential ends, in milliseconds since the epoch: its open streams are closed then. By default never. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * What `authenticate` returns: who makes the request, or why it is refused. `undefined`, `null` and `false`: it does not
 * know, and the other ways that are configured are tried; without any, the answer is 401.
 */
export type Authentication = GivenPrincipal | Refusal | undefined | null | false;

/** Stands for an issuer that was not named. */
const NO_ISSUER = 'local';
export const MAX_SUBJECT_CHARS = 500;
const MAX_SCOPES = 100;
const MAX_MESSAGE_CHARS = 1_000;
/** Visible ASCII. */
const ISSUER = /^[!-~]{1,500}$/;
/** A field value of a header (RFC 9110, section 5.5), without obsolete text. */
const HEADER_VALUE = /^[\t -~]{1,2000}$/;

/**
 * Checks what `authenticate` has returned.
 * @returns the principal; the refusal; or `undefined` if it does not know
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
  const { subject, issuer = NO_ISSUER, scopes = [], expiresAtMs } = given;
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT_CHARS)
    throw wrong(`a principal whose subject is a text of 1 to ${MAX_SUBJECT_CHARS} characters`, subject);
  if (!matches(ISSUER, issuer))
    throw wrong('a principal whose issuer is a text of 1 to 500 characters without spaces', issuer);
  if (!isListOfScopes(scopes))
    throw wrong(
      `a principal whose scopes are an array of at most ${MAX_SCOPES} texts without spaces`,
      scopes,
    );
  if (expiresAtMs !== undefined && !(typeof expiresAtMs === 'number' && Number.isFinite(expiresAtMs)))
    throw wrong('a principal whose expiresAtMs is a number of milliseconds since the epoch', expiresAtMs);
  return principalOf({ kind: 'program', issuer, subject, scopes, expiresAtMs });
}

function isListOfScopes(given: unknown): given is readonly string[] {
  return Array.isArray(given) && given.length <= MAX_SCOPES && given.every(isScope);
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
