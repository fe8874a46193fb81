/** Makes text and fields from clients and server modules safe for a log that people read in a terminal. */

import { printable } from '../../shared/printable.js';

export { printable };

const MAX_DEPTH = 4;
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

/** A copy of plain data in which every text is printable. It is limited in depth and width, and contains no secrets. */
export function printableFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return copyRecord(fields, 0);
}

function copyRecord(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const entries = Object.entries(fields);
  const copied = entries.slice(0, MAX_ENTRIES).map(([name, value]): [string, unknown] => {
    return [printable(name), isSecret(name) ? '[redacted]' : copy(value, depth + 1)];
  });
  if (entries.length > MAX_ENTRIES) copied.push(['…', `${entries.length - MAX_ENTRIES} more`]);
  return Object.fromEntries(copied);
}

/**
 * Whether the name ends with the name of a secret, in any notation: `api_key`, `API-KEY`, `apiKey`, `x-access-token`,
 * `clientSecret`.
 */
function isSecret(name: string): boolean {
  const letters = name.replace(/[-_. ]/g, '').toLowerCase();
  return SECRET_WORDS.some((word) => letters.endsWith(word));
}

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return printable(value);
    case 'bigint':
      return String(value);
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof Error) return printable(`${value.name}: ${value.message}`);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth > MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) {
    const copied = value.slice(0, MAX_ENTRIES).map((item: unknown) => copy(item, depth + 1));
    return value.length > MAX_ENTRIES ? [...copied, `${value.length - MAX_ENTRIES} more`] : copied;
  }
  return copyRecord(value as Record<string, unknown>, depth);
}
