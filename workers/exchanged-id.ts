/**
 * A message with another id, and otherwise as it was written: to write it anew would change its white space, and take
 * digits from integers beyond 2^53.
 */
import type { RequestId } from '../src/shared/request-id.js';

const BRACKET_OR_QUOTE = /["[\]{}]/g;
/** What follows a number, `true`, `false` or `null`. */
const AFTER_WORD = /[\s,}]/g;
const NOT_SPACE = /\S/g;

/** The text of a message before and after its id. */
export interface AroundId {
  readonly before: string;
  readonly after: string;
}

/** @param text a message that has an id, as JSON */
export function withId(text: string, id: RequestId): string {
  const { before, after } = aroundId(text);
  return `${before}${JSON.stringify(id)}${after}`;
}

/**
 * @param text a message that has an id, as JSON
 * @throws {Error} if it has none
 */
export function aroundId(text: string): AroundId {
  let found: AroundId | undefined;
  let offset = text.indexOf('{') + 1;
  while (true) {
    offset = nextOf(NOT_SPACE, text, offset);
    if (text[offset] !== '"') break;
    const afterKey = afterString(text, offset);
    const isId = JSON.parse(text.slice(offset, afterKey)) === 'id';
    const value = nextOf(NOT_SPACE, text, text.indexOf(':', afterKey) + 1);
    const afterValue = afterValueAt(text, value);
    // Of a key that is there twice, the last one counts.
    if (isId) found = { before: text.slice(0, value), after: text.slice(afterValue) };
    // After a comma, or the end.
    offset = nextOf(NOT_SPACE, text, afterValue) + 1;
  }
  if (found === undefined) throw new Error('the message has no id');
  return found;
}

function afterValueAt(text: string, start: number): number {
  if (text[start] === '"') return afterString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return nextOf(AFTER_WORD, text, start);
  let depth = 0;
  let offset = start;
  do {
    offset = nextOf(BRACKET_OR_QUOTE, text, offset);
    const character = text[offset];
    if (character === '"') offset = afterString(text, offset);
    else {
      depth += character === '{' || character === '[' ? 1 : -1;
      offset += 1;
    }
  } while (depth > 0 && offset < text.length);
  return offset;
}

/** By search, not by one pattern for the whole string: it may have 32 Mi characters. */
function afterString(text: string, start: number): number {
  let end = start;
  let backslashes: number;
  do {
    end = text.indexOf('"', end + 1);
    backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
  } while (backslashes % 2 === 1);
  return end + 1;
}

function nextOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.index ?? text.length;
}
