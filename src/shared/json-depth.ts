/**
 * How deep a JSON text nests, found without recursion. `JSON.parse` accepts any depth. `JSON.stringify`, a schema's
 * parser and a structured clone recurse, and a few thousand levels overflow the main thread's stack.
 */

/** Levels of objects and arrays in a message. Real messages have about ten; the array of a batch is one more level. */
export const MAX_JSON_DEPTH = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Whether objects and arrays nest deeper than `limit`. Correct for JSON; for other texts the result may be either. */
export function nestsDeeperThan(text: string, limit: number): boolean {
  // Each level needs an opening and a closing bracket.
  if (text.length < 2 * (limit + 1)) return false;
  // Long texts are mostly long strings, so searching for brackets is far faster than checking each character.
  if (!occursMoreThan(text, '[', '{', limit)) return false;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) {
      inString = true;
    } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
  return false;
}

/** Whether both characters together occur more often than `limit`. */
function occursMoreThan(text: string, first: string, second: string, limit: number): boolean {
  let found = 0;
  for (const character of [first, second]) {
    for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) {
      found += 1;
      if (found > limit) return true;
    }
  }
  return false;
}
