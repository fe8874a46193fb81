/** The kinds of values that options have: their notation, checks and conversion. */
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { DURATION, formatDuration, MAX_TIMER_MS, parseDuration } from './duration.js';

/**
 * The notation and the checks of one kind of value. `Input` is the type in a program. Every kind can also be written as
 * text, as in flags and variables. `Suffix` is added to the name of the resolved option, such as a unit.
 */
export interface Kind<Output, Input = unknown, Suffix extends string = ''> {
  /** Stands for the value in the help text; empty for a switch. */
  readonly argument: string;
  /** What is expected; completes the sentence "but must be …". */
  readonly expected: string;
  /** Several values: repeated or separated by commas in text, an array in JSON. */
  readonly list?: true;
  readonly suffix?: Suffix;
  /** It has no notation as text: only a config file or a program can have it. */
  readonly structured?: true;
  /** For values of several parts: a sentence that says which part is wrong. */
  readonly fault?: (written: unknown) => string | undefined;
  /** Resolves a relative path in the value against `folder`; applied before the schema. */
  readonly absolute?: (written: unknown, folder: string) => unknown;
  /** Checks and converts. Its input side, as a JSON Schema, describes the option in a config file. */
  readonly schema: z.ZodType<Output, Input>;
}

/** A check that also converts: if `read` returns `undefined`, the value is wrong. */
export function reading<I extends z.ZodType, T>(
  input: I,
  read: (value: z.output<I>) => T | undefined,
): z.ZodType<T, z.input<I>> {
  return input.transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: 'unreadable' });
    return z.NEVER;
  }) as z.ZodType<T, z.input<I>>;
}

const textOrNumber = z.union([z.string(), z.number()]);

export function integer(least: number, most: number): Kind<number, number> {
  const number = z.int().min(least).max(most);
  const text = z.string().regex(/^\d+$/).transform(Number).pipe(number);
  return {
    argument: '<number>',
    expected: `an integer from ${least} to ${most}`,
    schema: z.union([number, text]) as z.ZodType<number, number>,
  };
}

/** `500ms`, `30s`, `5m`, `2h`, or a number of milliseconds. */
type Duration = string | number;

export function duration(leastMs: number): Kind<number, Duration, 'Ms'> {
  const written = z.union([z.string().regex(DURATION), z.number().min(0)]);
  return {
    argument: '<duration>',
    expected: `a duration such as 500ms, 30s, 5m or 2h, or a number of milliseconds, from ${formatDuration(leastMs)} to ${MAX_TIMER_MS}ms`,
    suffix: 'Ms',
    schema: reading(written, parseDuration).pipe(z.number().min(leastMs)),
  };
}

export function durationOrNone(leastMs: number): Kind<number | undefined, Duration, 'Ms'> {
  const { expected, schema, ...kind } = duration(leastMs);
  const none = z.literal(['none', null]).transform(() => undefined);
  return {
    ...kind,
    expected: `${expected}, or none`,
    schema: z.union([none, schema]) as z.ZodType<number | undefined, Duration>,
  };
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

function parseByteSize(written: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]i?b|b)?$/i.exec(String(written).trim());
  if (match === null) return undefined;
  const [, amount, unit = 'b'] = match;
  return Math.round(Number(amount) * (UNIT_BYTES[unit.toLowerCase()] ?? Number.NaN));
}

/** V8 supports no string longer than 512 MiB, and a body becomes one. */
const MAX_BODY_BYTES = 2 ** 28;

export const byteSize: Kind<number, string | number> = {
  argument: '<size>',
  expected: 'a size such as 4MiB, 512KB or a number of bytes, from 1 byte to 256MiB',
  schema: reading(textOrNumber, parseByteSize).pipe(z.number().min(1).max(MAX_BODY_BYTES)),
};

/** Bytes a second, such as `64KiB/s`. */
export const byteRate: Kind<number> = {
  argument: '<size/s>',
  expected: 'a number of bytes a second such as 64KiB/s, from 1 to 1GiB/s',
  schema: reading(textOrNumber, (value) => parseByteSize(withoutPerSecond(value))).pipe(
    z
      .number()
      .min(1)
      .max(2 ** 30),
  ),
};

/** How often a second, such as `5/s` or `0.2`. */
export function perSecond(least: number, most: number): Kind<number> {
  return {
    argument: '<number/s>',
    expected: `a number a second such as 5/s or 0.2, from ${least} to ${most}`,
    schema: reading(textOrNumber, (value) => {
      const written = withoutPerSecond(value);
      return /^\d+(\.\d+)?$/.test(written) ? Number(written) : undefined;
    }).pipe(z.number().min(least).max(most)),
  };
}

function withoutPerSecond(written: string | number): string {
  return String(written).trim().replace(/\/s$/, '');
}

export const httpUrl: Kind<URL> = {
  argument: '<url>',
  expected: 'an http: or https: URL such as http://127.0.0.1:3000/mcp',
  schema: reading(z.string(), (written) => {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
  }),
};

/** An empty path stays empty, and is refused: made absolute, it would be the folder itself. */
export function absolutePath(written: unknown, folder: string): unknown {
  if (Array.isArray(written)) return written.map((path) => absolutePath(path, folder));
  return typeof written === 'string' && written !== '' ? resolve(folder, written) : written;
}

/** A file that can be written: its folder exists, and it is not a folder itself. Becomes an absolute path. */
export const newFile: Kind<string> = {
  argument: '<file>',
  expected: 'the path of a file in an existing folder that can be written to',
  absolute: absolutePath,
  schema: reading(z.string().min(1), (path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
    return isWritable(existsSync(path) ? path : dirname(path)) ? path : undefined;
  }),
};

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export const onOrOff: Kind<boolean, boolean> = {
  argument: '',
  expected: 'true or false',
  schema: z.union([
    z.boolean(),
    z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
  ]) as z.ZodType<boolean, boolean>,
};

export function oneOf<const T extends readonly string[]>(names: T): Kind<T[number], T[number]> {
  return { argument: '<name>', expected: `one of ${names.join(', ')}`, schema: z.enum(names) };
}

/** URLs and `Host` headers write IPv6 in brackets; sockets need it without them. */
function parseHost(written: string): string | undefined {
  const bare = written.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const isName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/.test(bare);
  // Only digits and dots: this can only be meant as an IPv4 address.
  return isIP(bare) !== 0 || (isName && !/^[\d.]+$/.test(bare)) ? bare : undefined;
}

export const host: Kind<string, string> = {
  argument: '<host>',
  expected: 'a host name or an IP address, without a port',
  schema: reading(z.string(), parseHost),
};

/** A name in the form of a `Host` header: lower case, IPv6 in brackets and in its shortest form. */
export function asHostHeader(name: string): string {
  if (isIP(name) !== 6) return name;
  const url = `http://[${name}]`;
  return URL.canParse(url) ? new URL(url).hostname : `[${name}]`;
}

/** Whether only this machine can reach the address. A name other than localhost might be resolved to anything. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 4) return bare.startsWith('127.');
  return (
    bare === 'localhost' || bare === '::1' || bare === '0:0:0:0:0:0:0:1' || bare.startsWith('::ffff:127.')
  );
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]*$/.test(host));
}

/** A name or address, with or without a port; `undefined` for anything else. */
function parseHostHeader(written: string): string | undefined {
  const [, text = written, port = ''] = isIP(written) === 6 ? [] : (/^(.*?)(:\d{1,5})?$/.exec(written) ?? []);
  const name = parseHost(text);
  return name === undefined ? undefined : `${asHostHeader(name)}${port}`;
}

export const hosts: Kind<readonly string[], readonly string[]> = {
  argument: '<hosts>',
  list: true,
  expected: 'one or more host names or IP addresses, without a scheme (without a port, any port is meant)',
  schema: z.array(reading(z.string(), parseHostHeader)).min(1).readonly(),
};

function parseOrigin(written: string): string | undefined {
  if (written === 'null') return written;
  if (!written.includes('://')) return parseHostHeader(written);
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.hostname === '') return undefined;
  // `URL.origin` is `null` for the schemes of editors and extensions.
  const origin = `${url.protocol}//${url.host}`;
  return url.href === origin || url.href === `${origin}/` ? origin : undefined;
}

export const origins: Kind<readonly string[], readonly string[]> = {
  argument: '<origins>',
  list: true,
  expected: 'host names (any scheme is meant), whole origins such as https://app.example:8443, or null',
  schema: z.array(reading(z.string(), parseOrigin)).readonly(),
};

export const token: Kind<string, string> = {
  argument: '<token>',
  expected: 'one or more visible ASCII characters without spaces',
  schema: z.string().regex(/^[\x21-\x7e]+$/),
};

/** The least that `secretKey` accepts, in bytes. */
const MIN_KEY_BYTES = 32;

/** A path, or the URL of a file: a key that is written as base64 does not begin like these. */
const PATH_START = /^(?:[./~]|file:|[a-z]:[\\/])/i;

function parseKey(written: string): string | undefined {
  let text = written;
  if (PATH_START.test(written)) {
    const path = fileAt(written);
    // A key must not be made of the name of a file that is missing.
    if (path === undefined) return undefined;
    text = readFileSync(path, 'utf8').trim();
  }
  if (!/^[\w+/-]+={0,2}$/.test(text)) return undefined;
  return Buffer.byteLength(text, 'base64') >= MIN_KEY_BYTES ? text : undefined;
}

/** A secret that keys are made of. Becomes base64, or base64url. */
export const secretKey: Kind<string, string> = {
  argument: '<key>',
  expected: `at least ${MIN_KEY_BYTES} bytes in base64 (in base64url if it would begin with a slash), or the path of a file that contains them`,
  absolute: (written, folder) =>
    typeof written === 'string' && PATH_START.test(written) ? absolutePathOrUrl(written, folder) : written,
  schema: reading(z.string(), parseKey),
};

export const folders: Kind<readonly string[], string | readonly string[], 's'> = {
  argument: '<folder>',
  list: true,
  expected: 'one or more existing folders',
  suffix: 's',
  absolute: absolutePath,
  schema: z
    .array(
      reading(z.string().min(1), (path) =>
        statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? realpathSync(path) : undefined,
      ),
    )
    .min(1)
    .readonly(),
};

export const moduleFile: Kind<string, string | URL> = {
  argument: '<file>',
  expected:
    "the path or file: URL of an existing file: an ES module, or an MCP client's configuration (.json, .jsonc)",
  absolute: absolutePathOrUrl,
  schema: reading(z.string().min(1), (written) => {
    const path = fileAt(written);
    return path === undefined ? undefined : pathToFileURL(path).href;
  }),
};

/** As `absolutePath`, for values that may be `file:` URLs, which are absolute. */
export function absolutePathOrUrl(written: unknown, folder: string): unknown {
  const path = written instanceof URL ? written.href : written;
  return isFileUrl(path) ? path : absolutePath(path, folder);
}

/** The path of an existing file, given by its path or `file:` URL; `undefined` if there is none. */
export function fileAt(written: string): string | undefined {
  const path = isFileUrl(written) ? pathOfFileUrl(written) : written;
  // No path contains a NUL.
  return path !== undefined &&
    !path.includes('\0') &&
    statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? path
    : undefined;
}

function isFileUrl(written: unknown): boolean {
  return typeof written === 'string' && /^file:/i.test(written);
}

function pathOfFileUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    // Not a URL, one with another machine's name, or one with an encoded slash: there is no such file here.
    return undefined;
  }
}
