/** The kinds of values that options about the network have. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { type Kind, reading } from './option-kinds.js';

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** An address alone, or with the length of its prefix: `10.0.0.0/8`. */
function parseRange(written: string): string | undefined {
  const [, address = '', prefix] = /^\[?([^[\]/%]+)\]?(?:\/(\d{1,3}))?$/.exec(written.trim()) ?? [];
  const bits = BITS[isIP(address)];
  if (bits === undefined || Number(prefix ?? 0) > bits) return undefined;
  return prefix === undefined ? address.toLowerCase() : `${address.toLowerCase()}/${Number(prefix)}`;
}

export const addressRanges: Kind<readonly string[], readonly string[]> = {
  argument: '<addresses>',
  list: true,
  expected: 'one or more IP addresses or ranges such as 10.0.0.0/8 or fd00::/8',
  schema: z.array(reading(z.string(), parseRange)).min(1).readonly(),
};
