/** Makes text and fields from clients and server modules safe for a log that people read in a terminal. */

import { authorStack } from '../../shared/author-stack.js';
import { cut } from '../../shared/errors.js';
import { printable, printableLines } from '../../shared/printable.js';

export { printable };

/** All texts of one line together. */
const MAX_CHARS = 32_768;
/** Enough for an error and three causes. */
const MAX_DEPTH = 5;
const MAX_ENTRIES = 32;
/** Last words of names of fields whose values are secret, without separators. */
const SECRET_WORDS = [
  'authorization',
  'cookie',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'accesskey',
  'privatekey',
  'credential',
  'credentials',
];

/**
 * A copy of plain data in which every text is printable. It is limited in depth, width and size, and contains no secrets.
 * Texts keep their line breaks, which JSON escapes. A stack is the author's part of it.
 */
export function printableFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return new PrintableCopy().record(fields, 0);
}

/**
 * Whether the name ends with the name of a secret, in any notation: `api_key`, `API-KEY`, `apiKey`, `x-access-token`,
 * `clientSecret`.
 */
function isSecret(name: string): boolean {
  const letters = name.replace(/[-_. ]/g, '').toLowerCase();
  return SECRET_WORDS.some((word) => letters.endsWith(word));
}

class PrintableCopy {
  #left = MAX_CHARS;

  record(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
    const entries = Object.entries(fields);
    const copied = entries.slice(0, MAX_ENTRIES).map(([name, value]): [string, unknown] => {
      return [printable(name), isSecret(name) ? '[redacted]' : this.#of(stackIn(name, value), depth + 1)];
    });
    if (entries.length > MAX_ENTRIES) copied.push(['…', `${entries.length - MAX_ENTRIES} more`]);
    return Object.fromEntries(copied);
  }

  #of(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'bigint':
        return String(value);
      case 'object':
        break;
      default:
        return value;
    }
    if (value === null) return null;
    if (value instanceof Error) return this.#text(`${value.name}: ${value.message}`);
    if (value instanceof Date) return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (depth > MAX_DEPTH || this.#left <= 0) return '[…]';
    if (Array.isArray(value)) {
      const copied = value.slice(0, MAX_ENTRIES).map((item: unknown) => this.#of(item, depth + 1));
      return value.length > MAX_ENTRIES ? [...copied, `${value.length - MAX_ENTRIES} more`] : copied;
    }
    return this.record(value as Record<string, unknown>, depth);
  }

  #text(text: string): string {
    const shown = printableLines(cut(text, Math.max(0, this.#left)));
    this.#left -= shown.length;
    return shown;
  }
}

function stackIn(name: string, value: unknown): unknown {
  return name === 'stack' && typeof value === 'string' ? (authorStack(value) ?? value) : value;
}
