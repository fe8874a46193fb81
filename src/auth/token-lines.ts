/**
 * The lines of `tokens-file`: name, SHA-256 of the token, scopes, expiry, with spaces between them.
 *
 *     ci  e3b0c442…b855  tools:read,tools:write  2027-03-31T00:00:00Z
 *     ada 2c26b46b…e7ae  -                       never
 *
 * Scopes are separated by commas; `-` means none. The file holds no token, so reading it lets nobody in.
 */

import { isScope } from '../shared/scopes.js';
import type { NamedToken } from './static-tokens.js';

const NAME = /^[A-Za-z0-9][\w.@+-]{0,99}$/;
const DIGEST = /^[0-9a-f]{64}$/i;
/** RFC 3339 with a zone, or a date alone, whose midnight in UTC is meant. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;
const NO_SCOPES = '-';
const NO_EXPIRY = 'never';

export interface TokenLines {
  readonly tokens: readonly NamedToken[];
  /** One sentence for each line that cannot be read. */
  readonly mistakes: readonly string[];
}

export function isTokenName(name: string): boolean {
  return NAME.test(name);
}

/** Lines that are empty or begin with `#` mean nothing. */
export function readTokenLines(text: string): TokenLines {
  const tokens: NamedToken[] = [];
  const mistakes: string[] = [];
  const lineOfName = new Map<string, number>();
  text.split(/\r?\n/).forEach((line, index) => {
    const written = line.trim();
    if (written === '' || written.startsWith('#')) return;
    const number = index + 1;
    const token = readLine(written);
    if (typeof token === 'string') {
      mistakes.push(`line ${number}: ${token}`);
      return;
    }
    const earlier = lineOfName.get(token.name);
    if (earlier !== undefined) {
      mistakes.push(`line ${number}: the name ${token.name} is also in line ${earlier}`);
      return;
    }
    lineOfName.set(token.name, number);
    tokens.push(token);
  });
  return { tokens, mistakes };
}

/** A mistake never quotes the second field: somebody may have written the token itself there. */
function readLine(written: string): NamedToken | string {
  const [name = '', digest = '', scopes = NO_SCOPES, expiry = NO_EXPIRY, ...rest] = written.split(/\s+/);
  if (!isTokenName(name))
    return 'the name must be 1 to 100 letters, digits or . _ @ + -, and begin with a letter or digit';
  if (!DIGEST.test(digest))
    return `the second field of ${name} must be the SHA-256 of its token in 64 hexadecimal digits, not the token itself`;
  const list = scopes === NO_SCOPES ? [] : scopes.split(',');
  if (!list.every(isScope)) return `the scopes of ${name} must be separated by commas, or - for none`;
  const expiresAtMs = expiry === NO_EXPIRY ? undefined : TIME.test(expiry) ? Date.parse(expiry) : Number.NaN;
  if (Number.isNaN(expiresAtMs))
    return `the expiry of ${name} must be a time such as 2027-03-31T00:00:00Z, or never`;
  if (rest.length > 0) return `${name} has more than four fields`;
  return { name, digest: Buffer.from(digest, 'hex'), scopes: list, expiresAtMs };
}

export function tokenLine({ name, digest, scopes, expiresAtMs }: NamedToken): string {
  const listed = scopes.length === 0 ? NO_SCOPES : scopes.join(',');
  const expiry = expiresAtMs === undefined ? NO_EXPIRY : new Date(expiresAtMs).toISOString();
  return `${name} ${digest.toString('hex')} ${listed} ${expiry}`;
}
