/**
 * Values in headers that repeat a part of the body (2026-07-28, Streamable HTTP, "Value Encoding"): as they are, or as base64
 * of their UTF-8 where a header could not hold them.
 *
 * All of it is linear in the length of the value, which a client chooses.
 */
import { isUtf8 } from 'node:buffer';

/** What is known of a request before its body; node:http's `IncomingMessage` is one. */
export interface RequestHead {
  /** By name in lower case. The values of a header that comes twice are joined by a comma. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Each value by itself. */
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
}

const PREFIX = '=?base64?';
const SUFFIX = '?=';
/** RFC 9110, section 5.5, without what is obsolete: visible ASCII, space and tab. */
const PLAIN = /^[\t\x20-\x7e]*$/;

/**
 * @param name in lower case
 * @returns `undefined` if the header is absent, `null` if it comes twice or has invalid characters
 */
export function plainHeader(head: RequestHead, name: string): string | null | undefined {
  const value = head.headers[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !PLAIN.test(value)) return null;
  // Whoever reads only the first of two would act on another value than this server.
  if (value.includes(', ') && (head.headersDistinct[name]?.length ?? 1) > 1) return null;
  return withoutSpace(value);
}

/**
 * The same, decoded.
 * @returns `null` also if it is marked as base64 and is none, or not of UTF-8
 */
export function decodedHeader(head: RequestHead, name: string): string | null | undefined {
  const text = plainHeader(head, name);
  if (typeof text !== 'string' || !text.startsWith(PREFIX) || !isMarked(text)) return text;
  const encoded = text.slice(PREFIX.length, -SUFFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node's decoder skips what is no base64, and does without padding.
  return bytes.toString('base64') === encoded && isUtf8(bytes) ? bytes.toString() : null;
}

/** A value as it may be in a header. */
export function encodedForHeader(value: string): string {
  const safe = value !== '' && PLAIN.test(value) && withoutSpace(value) === value && !isMarked(value);
  return safe ? value : `${PREFIX}${Buffer.from(value).toString('base64')}${SUFFIX}`;
}

function isMarked(text: string): boolean {
  return text.startsWith(PREFIX) && text.endsWith(SUFFIX) && text.length >= PREFIX.length + SUFFIX.length;
}

/** Without the optional white space around a value (RFC 9110, section 5.5), which may have been left by a proxy. */
function withoutSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return end - start === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
