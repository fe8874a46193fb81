/** Bearer tokens in requests (RFC 6750). */
import { hash } from 'node:crypto';

/** RFC 6750, section 2.1; the scheme's name is case-insensitive (RFC 9110, section 11.1). */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const given = authorization.slice(7).trim();
  return given === '' || /\s/.test(given) ? undefined : given;
}

/** Digests have the same length, so comparing them says nothing about the length of a token. */
export function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
