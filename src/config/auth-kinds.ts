/** The kinds of values that options of authentication have. */
import { z } from 'zod';
import { isScope } from '../shared/scopes.js';
import { absolutePath, fileAt, isLoopback, type Kind, reading } from './option-kinds.js';

export const existingFile: Kind<string, string> = {
  argument: '<file>',
  expected: 'the path of an existing file',
  absolute: absolutePath,
  schema: reading(z.string().min(1), fileAt),
};

/** An `http:` URL of another machine could be answered by anybody on the way. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function plainUrl(written: string): URL | undefined {
  if (!URL.canParse(written)) return undefined;
  const url = new URL(written);
  const { search, hash, username, password } = url;
  return /^https?:$/.test(url.protocol) && search + hash + username + password === '' ? url : undefined;
}

/** Kept as it is written, because tokens write it so. */
export const issuers: Kind<readonly string[], readonly string[]> = {
  argument: '<urls>',
  list: true,
  expected:
    'one or more https: URLs without a query, as the authorization server writes its issuer (http: only for this machine)',
  schema: z
    .array(
      reading(z.string(), (written) => {
        const url = plainUrl(written);
        return url !== undefined && isTrustworthy(url) ? written : undefined;
      }),
    )
    .min(1)
    .readonly(),
};

export const publicUrl: Kind<URL, string | URL> = {
  argument: '<url>',
  expected: 'the http: or https: URL that clients use, up to the path of an endpoint, without a query',
  absolute: (written) => (written instanceof URL ? written.href : written),
  schema: reading(z.string(), plainUrl) as z.ZodType<URL, string | URL>,
};

export const scopes: Kind<readonly string[], readonly string[]> = {
  argument: '<scopes>',
  list: true,
  expected: 'one or more scopes, without spaces, quotes or backslashes',
  schema: z
    .array(reading(z.string(), (written) => (isScope(written) ? written : undefined)))
    .min(1)
    .readonly(),
};

/** Names of claims, or audiences. */
export const words: Kind<readonly string[], readonly string[]> = {
  argument: '<names>',
  list: true,
  expected: 'one or more texts of up to 500 visible ASCII characters without spaces',
  schema: z
    .array(z.string().regex(/^[!-~]{1,500}$/))
    .min(1)
    .readonly(),
};

export const clientId: Kind<string, string> = {
  argument: '<id>',
  expected: 'a text of visible ASCII characters',
  schema: z.string().regex(/^[!-~]{1,500}$/),
};

export const clientSecret: Kind<string, string> = {
  argument: '<secret>',
  expected: 'a text of ASCII characters',
  schema: z.string().regex(/^[ -~]{1,1000}$/),
};

/** An executable and its arguments. A name is searched for in `PATH`; anything with a slash is a path. */
export const commandLine: Kind<readonly string[], readonly string[]> = {
  argument: '<command>',
  list: true,
  expected: 'an executable and its arguments, none of them empty',
  absolute: (written, folder) => {
    if (!Array.isArray(written)) return written;
    const [command, ...args] = written as unknown[];
    const isPath = typeof command === 'string' && /[/\\]/.test(command);
    return [isPath ? absolutePath(command, folder) : command, ...args];
  },
  schema: z
    .array(z.string().regex(/^[^\0]+$/))
    .min(1)
    .readonly(),
};
