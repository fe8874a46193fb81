/** JSON as clients' files have it, with comments and trailing commas, and what `JSON.parse` does not tell of a text. */
import { parseJson } from '../shared/json-text.js';

interface Token {
  readonly start: number;
  readonly end: number;
  /** Of a comment `/`, of a string `"`, otherwise the only one. */
  readonly character: string;
}

/**
 * Parses JSON in which comments and trailing commas count as blanks.
 * @throws {JsonTextError} with line and column.
 */
export function parseJsonc(text: string): unknown {
  const bare = blanked(
    text,
    [...tokens(text)].filter(({ character }) => character === '/'),
  );
  const found = [...tokens(bare)];
  const isBlank = (from: number, to: number): boolean => bare.slice(from, to).trim() === '';
  const trailing = found.filter(({ character, start, end }, index) => {
    const next = found[index + 1];
    const closes = next?.character === '}' || next?.character === ']';
    if (character !== ',' || !closes || !isBlank(end, next.start)) return false;
    const before = found[index - 1];
    // A number or a word is between the two, or a string or a whole value ends here.
    return before !== undefined && (/["}\]]/.test(before.character) || !isBlank(before.end, start));
  });
  return parseJson(blanked(bare, trailing));
}

/** Line breaks stay: lines and columns of what follows are as before. */
function blanked(text: string, tokensOfIt: readonly Token[]): string {
  let copied = 0;
  const parts = tokensOfIt.map(({ start, end }) => {
    const part = text.slice(copied, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    copied = end;
    return part;
  });
  return parts.join('') + text.slice(copied);
}

/** Strings, comments and what holds the text together. */
function* tokens(text: string): Generator<Token> {
  const beginning = /["/,:{}[\]]/g;
  for (let match = beginning.exec(text); match !== null; match = beginning.exec(text)) {
    const [character] = match;
    const start = match.index;
    const end = endOf(text, start);
    beginning.lastIndex = end;
    // A slash by itself is no comment, and wrong wherever it is.
    if (character !== '/' || end > start + 1) yield { start, end, character };
  }
}

function endOf(text: string, start: number): number {
  if (text.startsWith('//', start)) return orEnd(text.indexOf('\n', start), text);
  if (text.startsWith('/*', start)) return orEnd(text.indexOf('*/', start + 2), text, '*/'.length);
  if (text[start] !== '"') return start + 1;
  let end = start + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return Math.min(end + 1, text.length);
}

function orEnd(index: number, text: string, length = 0): number {
  return index < 0 ? text.length : index + length;
}

/**
 * The keys that an object of the text has more than once; `JSON.parse` takes the last of them.
 * @param text right JSON, or JSON with comments
 * @param name the key of that object in the outermost one
 */
export function repeatedKeys(text: string, name: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  let depth = 0;
  let outer: unknown;
  let last = '';
  for (const { start, end, character } of tokens(text)) {
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === '"') last = text.slice(start, end);
    else if (character === ':' && depth === 1) outer = JSON.parse(last);
    else if (character === ':' && depth === 2 && outer === name) {
      const key = String(JSON.parse(last));
      (seen.has(key) ? repeated : seen).add(key);
    }
  }
  return repeated;
}
