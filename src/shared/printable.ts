/** Makes text from clients and server modules safe for a terminal. */

import { cut } from './errors.js';

const MAX_TEXT_CHARS = 2000;
const MAX_LINES_CHARS = 8192;

/** C0 and C1 controls, line separators, and marks that change the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The text in one line, with its control characters escaped, cut to 2,000 characters. */
export function printable(text: string): string {
  return cut(text, MAX_TEXT_CHARS).replace(UNPRINTABLE, escapeCharacter);
}

/**
 * The same with its line breaks kept, cut to 8,192 characters. Whatever shows it indents the further lines, so that none
 * of them looks like a line of the log.
 */
export function printableLines(text: string): string {
  return cut(text, MAX_LINES_CHARS)
    .split(/\r?\n/)
    .map((line) => line.replace(UNPRINTABLE, escapeCharacter))
    .join('\n');
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
