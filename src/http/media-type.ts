/** Media types in headers (RFC 9110, sections 8.3 and 12.5.1), as far as MCP needs them. */

/** Header values that were parsed before: clients send the same ones with every request. */
const MAX_REMEMBERED = 64;
const acceptedTypes = new Map<string, ReadonlySet<string>>();

/** Whether an Accept header takes all these media types, by name or by a wildcard. */
export function acceptsAll(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined) return false;
  const accepted = parseAccept(accept);
  return types.every(
    (type) =>
      accepted.has(type) || accepted.has(`${type.slice(0, type.indexOf('/'))}/*`) || accepted.has('*/*'),
  );
}

/** Whether a Content-Type is JSON; parameters such as `charset=utf-8` do not matter. */
export function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || mediaTypeOf(contentType ?? '') === 'application/json';
}

function parseAccept(accept: string): ReadonlySet<string> {
  const known = acceptedTypes.get(accept);
  if (known !== undefined) return known;
  const types = new Set<string>();
  for (const range of accept.split(',')) {
    // `q=0` says "not acceptable" (RFC 9110, section 12.4.2).
    if (!/;\s*q=0(?:\.0{0,3})?\s*(?:;|$)/i.test(range)) types.add(mediaTypeOf(range));
  }
  if (acceptedTypes.size >= MAX_REMEMBERED) acceptedTypes.clear();
  acceptedTypes.set(accept, types);
  return types;
}

function mediaTypeOf(value: string): string {
  const end = value.indexOf(';');
  return (end === -1 ? value : value.slice(0, end)).trim().toLowerCase();
}
