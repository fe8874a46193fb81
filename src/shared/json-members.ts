/**
 * The members of a JSON object as parts of its text. To write a message anew would change its white space, take digits from
 * integers beyond 2^53, and take time for each of its values.
 */

const BRACKET_OR_QUOTE = /["[\]{}]/g;
/** What follows a number, `true`, `false` or `null`. */
const AFTER_WORD = /[\s,}\]]/g;
const NOT_SPACE = /\S/g;

export interface Member {
  readonly name: string;
  /** Where the value begins, and where it has ended. */
  readonly start: number;
  readonly end: number;
}

/**
 * In the order of the text; a name may be there twice, and then the last one counts.
 * @param text an object as JSON, which is not checked
 */
export function* membersOf(text: string): Generator<Member> {
  let offset = text.indexOf('{') + 1;
  while (true) {
    offset = nextOf(NOT_SPACE, text, offset);
    if (text[offset] !== '"') return;
    const afterName = afterString(text, offset);
    const name = JSON.parse(text.slice(offset, afterName)) as string;
    const start = nextOf(NOT_SPACE, text, text.indexOf(':', afterName) + 1);
    const end = afterValueAt(text, start);
    yield { name, start, end };
    // After a comma, or the end.
    offset = nextOf(NOT_SPACE, text, end) + 1;
  }
}

/** The text of each member's value, by name. */
export function memberTexts(text: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { name, start, end } of membersOf(text)) {
    // Of a name that is there twice, the last one counts, and is in its own place.
    texts.delete(name);
    texts.set(name, text.slice(start, end));
  }
  return texts;
}

/**
 * The text of each element, in order.
 * @param text an array as JSON, which is not checked
 */
export function* elementTexts(text: string): Generator<string> {
  let offset = nextOf(NOT_SPACE, text, text.indexOf('[') + 1);
  while (offset < text.length && text[offset] !== ']') {
    const end = afterValueAt(text, offset);
    if (end <= offset) return;
    yield text.slice(offset, end);
    // After a comma, or the end.
    offset = nextOf(NOT_SPACE, text, end);
    if (text[offset] === ',') offset = nextOf(NOT_SPACE, text, offset + 1);
  }
}

/** The text of an object with these members. */
export function objectText(members: Iterable<readonly [name: string, text: string]>): string {
  return `{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
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
