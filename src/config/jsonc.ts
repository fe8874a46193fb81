/**
 * JSON as it occurs in clients' files, with comments and trailing commas, and what `JSON.parse` does not say about a
 * text.
 */
import { parseJson } from '../shared/json-text.js';

interface Token {
  readonly start: number;
  readonly end: number;
  /** `/` for a comment, `"` for a string, otherwise the character itself. */
  readonly character: string;
}

/**
 * Parses JSON, treating comments and trailing commas as blanks.
 * @throws {JsonTextError} with line and column
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
    // There is a number or a word between the two, or a string or a whole value ends here.
    return before !== undefined && (/["}\]]/.test(before.character) || !isBlank(before.end, start));
  });
  return parseJson(blanked(bare, trailing));
}

/** Keeps line breaks, so that lines and columns of what follows stay the same. */
function blanked(text: string, tokensOfIt: readonly Token[]): string {
  let copied = 0;
  const parts = tokensOfIt.map(({ start, end }) => {
    const part = text.slice(copied, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    copied = end;
    return part;
  });
  return parts.join('') + text.slice(copied);
}

/** Strings, comments and structural characters. */
function* tokens(text: string): Generator<Token> {
  const beginning = /["/,:{}[\]]/g;
  for (let match = beginning.exec(text); match !== null; match = beginning.exec(text)) {
    const [character] = match;
    const start = match.index;
    const end = endOf(text, start);
    beginning.lastIndex = end;
    // A single slash is not a comment, and is wrong everywhere.
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
 * The keys that an object of the text contains more than once; `JSON.parse` uses the last of them.
 * @param text valid JSON, or JSON with comments
 * @param name the key of that object in the outermost object
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
