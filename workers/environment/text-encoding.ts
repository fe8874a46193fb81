/** Distinguishes text from binary data and decodes it, even if a byte limit cuts a character in two. */

export type TextEncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** How many bytes of a file's beginning determine its encoding. */
export const DETECTION_BYTES = 8192;

/**
 * The encoding of data that begins with these bytes; `undefined` for binary data. A byte order mark decides; otherwise
 * valid UTF-8; otherwise Windows-1252, if there are no control characters that text does not have.
 * @param isWhole whether the data has no more than these bytes, so that its last character cannot be cut
 */
export function detectEncoding(head: Uint8Array, isWhole: boolean): TextEncodingName | undefined {
  const bytes = head.subarray(0, DETECTION_BYTES);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes.includes(0)) return undefined;
  if (isUtf8(bytes, isWhole && head.length <= DETECTION_BYTES)) return 'utf-8';
  return bytes.some(isBinaryControl) ? undefined : 'windows-1252';
}

/** Whether a `charset` parameter names an encoding that can be decoded. */
export function isKnownEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Decodes the bytes. A character that is cut by the end of the data is left out, and invalid bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes, { stream: true });
}

/**
 * The part of a window that contains only whole characters, as `[start, end)` within the window.
 * @param atEnd whether the window reaches the end of the text, where a cut character cannot be completed later
 */
export function wholeCharacters(
  bytes: Uint8Array,
  encoding: TextEncodingName,
  atEnd: boolean,
): readonly [start: number, end: number] {
  if (encoding === 'windows-1252') return [0, bytes.length];
  const [start, end] = encoding === 'utf-8' ? wholeUtf8(bytes) : wholeUtf16(bytes, encoding === 'utf-16le');
  return [start, atEnd || end <= start ? bytes.length : end];
}

function wholeUtf8(bytes: Uint8Array): readonly [number, number] {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const length = utf8Length(bytes[lead]);
  return [start, lead + length > bytes.length ? lead : bytes.length];
}

function wholeUtf16(bytes: Uint8Array, littleEndian: boolean): readonly [number, number] {
  const end = bytes.length - (bytes.length % 2);
  const high = bytes[littleEndian ? end - 1 : end - 2] ?? 0;
  const first = bytes[littleEndian ? 1 : 0] ?? 0;
  return [first >= 0xdc && first <= 0xdf ? 2 : 0, high >= 0xd8 && high <= 0xdb ? end - 2 : end];
}

function utf8Length(lead: number | undefined): number {
  if (lead === undefined || lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function isUtf8(bytes: Uint8Array, isWhole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !isWhole });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** C0 controls except backspace, tab, line feed, form feed, carriage return and escape. */
function isBinaryControl(byte: number): boolean {
  return byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d && byte !== 0x0b) && byte !== 0x1b;
}
