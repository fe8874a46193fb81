/**
 * What a server sends, made safe for a terminal: escape sequences could move the cursor, change the title or fake other
 * output, and marks of direction could hide what is written.
 */

/** Control characters, line separators, and marks that change the direction of writing. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** The same, without the breaks and tabs that texts consist of. */
const UNSAFE_IN_TEXT = /(?!\r?\n|\t)[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** For text in one line, such as names and messages. */
export function safeLine(text: string): string {
  return text.replace(/\r?\n|\t/g, ' ').replace(UNSAFE, escaped);
}

/** For text that may have several lines. */
export function safeText(text: string): string {
  return text.replace(UNSAFE_IN_TEXT, escaped);
}

/** As JSON writes it, so that JSON stays the same JSON. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Writes what a server sent to stdout: unchanged, unless somebody reads it in a terminal. */
export function print(text: string): void {
  process.stdout.write(process.stdout.isTTY ? safeText(text) : text);
}
