/**
 * Where a text stops being JSON, in words for a person; `JSON.parse` on Node 20 mostly doesn't say. The message
 * holds one character of the text and no more: the rest may be secret.
 */
export class JsonTextError extends Error {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;

  constructor(text: string, offset: number) {
    const lines = text.slice(0, offset).split('\n');
    const line = lines.length;
    const column = (lines.at(-1)?.length ?? 0) + 1;
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    const found =
      offset >= text.length ? 'the text ends too early' : `unexpected ${JSON.stringify(character)}`;
    super(`${found} at line ${line}, column ${column}`);
    this.name = 'JsonTextError';
    this.line = line;
    this.column = column;
  }
}

/**
 * `JSON.parse` whose error names line and column.
 * @throws {JsonTextError}
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new JsonTextError(text, firstError(text));
  }
}

/** A string up to its closing quote. Control characters are not allowed in one (RFC 8259, section 7). */
const OPEN_STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*`;
const STRING = new RegExp(`${OPEN_STRING}"`, 'y');
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** RFC 8259, as far as it takes to find the offset of the first character that can't be there. */
function firstError(text: string): number {
  let offset = 0;
  const closers: ('}' | ']')[] = [];
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    if (!pattern.test(text)) return false;
    offset = pattern.lastIndex;
    return true;
  };
  const take = (character: string): boolean => {
    if (text[offset] !== character) return false;
    offset += 1;
    skip(SPACE);
    return true;
  };
  const key = (): boolean => skip(STRING) && skip(SPACE) && take(':');
  /** Reads one value, or the opening of a container up to where its first value begins. */
  const value = (): 'read' | 'opened' | 'wrong' => {
    if (take('{')) {
      if (take('}')) return 'read';
      closers.push('}');
      return key() ? 'opened' : 'wrong';
    }
    if (take('[')) {
      if (take(']')) return 'read';
      closers.push(']');
      return 'opened';
    }
    return skip(STRING) || skip(NUMBER) || skip(WORD) ? 'read' : 'wrong';
  };

  skip(SPACE);
  while (true) {
    const outcome = value();
    if (outcome === 'wrong') return endOfOpenString(text, offset);
    if (outcome === 'opened') continue;
    skip(SPACE);
    let closer = closers.at(-1);
    while (closer !== undefined && take(closer)) {
      closers.pop();
      closer = closers.at(-1);
    }
    if (closer === undefined || !take(',')) return offset;
    if (closer === '}' && !key()) return endOfOpenString(text, offset);
  }
}

/** A string without its closing quote is wrong where the text ends or a line break comes, not where it begins. */
function endOfOpenString(text: string, offset: number): number {
  if (text[offset] !== '"') return offset;
  const open = new RegExp(OPEN_STRING, 'y');
  open.lastIndex = offset;
  return open.test(text) ? open.lastIndex : offset;
}
