/**
 * Where a text stops being JSON, in words for a person; `JSON.parse` on Node 20 mostly does not say it. The message
 * contains one character of the text and no more, because the rest may be secret.
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
 * Like `JSON.parse`, but its error has line and column.
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

/** A string up to its closing quote. It must not contain control characters (RFC 8259, section 7). */
const OPEN_STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*`;
const STRING = new RegExp(`${OPEN_STRING}"`, 'y');
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** Reads RFC 8259 as far as needed to find the offset of the first character that is not allowed. */
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
  /** Reads one value, or the start of a container up to its first value. */
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

/** For a string without a closing quote, the error is where the text or the line ends, not where the string begins. */
function endOfOpenString(text: string, offset: number): number {
  if (text[offset] !== '"') return offset;
  const open = new RegExp(OPEN_STRING, 'y');
  open.lastIndex = offset;
  return open.test(text) ? open.lastIndex : offset;
}
