/** Media types in headers (RFC 9110, sections 8.3 and 12.5.1), as far as MCP needs them. */

/** How many parsed header values are remembered: clients send the same ones with every request. */
const MAX_REMEMBERED = 64;
/** Longer values are parsed each time, so that little memory is used. */
const MAX_REMEMBERED_CHARS = 256;
const NO_WEIGHT = /^0(?:\.0{0,3})?$/;
const acceptedTypes = new Map<string, ReadonlySet<string>>();

/** Whether an Accept header accepts all these media types, by name or by a wildcard. */
export function acceptsAll(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined) return false;
  const accepted = parseAccept(accept);
  return types.every(
    (type) =>
      accepted.has(type) || accepted.has(`${type.slice(0, type.indexOf('/'))}/*`) || accepted.has('*/*'),
  );
}

/** Whether a Content-Type is JSON in UTF-8. Parameters other than `charset` do not matter. */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  if (contentType === undefined || mediaTypeOf(contentType) !== 'application/json') return false;
  const charset = parameterOf(contentType, 'charset');
  return charset === undefined || charset === 'utf-8' || charset === 'utf8';
}

/** Whether a Content-Encoding leaves a body unchanged. */
export function isPlain(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || contentEncoding === '' || contentEncoding === 'identity';
}

function parseAccept(accept: string): ReadonlySet<string> {
  const known = acceptedTypes.get(accept);
  if (known !== undefined) return known;
  const types = new Set<string>();
  for (const range of accept.split(',')) {
    // `q=0` means "not acceptable" (RFC 9110, section 12.4.2).
    if (!NO_WEIGHT.test(parameterOf(range, 'q') ?? '1')) types.add(mediaTypeOf(range));
  }
  if (accept.length > MAX_REMEMBERED_CHARS) return types;
  if (acceptedTypes.size >= MAX_REMEMBERED) acceptedTypes.clear();
  acceptedTypes.set(accept, types);
  return types;
}

function mediaTypeOf(value: string): string {
  const end = value.indexOf(';');
  return (end === -1 ? value : value.slice(0, end)).trim().toLowerCase();
}

/**
 * A parameter's value in lower case, without its quotes. If the parameter is repeated, the first value counts (RFC
 * 9110, section 5.6.6).
 */
function parameterOf(value: string, name: string): string | undefined {
  for (const parameter of value.toLowerCase().split(';').slice(1)) {
    const equals = parameter.indexOf('=');
    if (equals === -1 || parameter.slice(0, equals).trim() !== name) continue;
    const text = parameter.slice(equals + 1).trim();
    return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  }
  return undefined;
}
