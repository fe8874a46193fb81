/** What some reader takes for the end of a line: Node's `readline` does so with U+2028 and U+2029. */
const BREAKS = /[\r\n\u2028\u2029]/;

/**
 * JSON text as one line, without its end. JSON contains `\r` and `\n` only between its tokens, and U+2028 and U+2029 only in
 * strings (RFC 8259, sections 2 and 7).
 */
export function jsonLine(json: string): string {
  if (!BREAKS.test(json)) return json;
  return json
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}
