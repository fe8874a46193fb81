/** JSON texts: any value, including odd ones; broken texts; deep and large ones. */
import type { Random } from '../random.js';

/** Names that a careless look-up finds on a prototype, or that have a special meaning somewhere. */
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'length',
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
  '_meta',
  'type',
  '$ref',
  '',
  'a',
];

/** As they appear between the quotes of a JSON text. */
const STRINGS = [
  '',
  'a',
  'text',
  '\\u0000',
  '\\ud800',
  '\\udfff\\ud800',
  '\\u2028\\u2029',
  '😀',
  'שלום',
  '\\r\\nSet-Cookie: a=b\\r\\n\\r\\n',
  '\\n\\ndata: {}\\n\\n',
  '#{1+1}',
  '%s%n%x',
  '%00',
  '../../../../etc/passwd',
  '<script>alert(1)</script>',
  "'; DROP TABLE sessions; --",
  'null',
  'NaN',
  '1e999',
  'a'.repeat(300),
  ':'.repeat(2_000),
];

const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '1.5',
  '2147483648',
  '9007199254740993',
  '-9007199254740993',
  '123456789012345678901234567890',
  '1e308',
  '1e999',
  '-1e999',
  '1e-999',
  '0.1e-7',
];

const WORDS = ['true', 'false', 'null'];

export function jsonString(random: Random): string {
  return `"${random.chance(0.2) ? random.pick(NAMES) : random.pick(STRINGS)}"`;
}

/** A complete JSON text with at most this many levels. */
export function jsonValue(random: Random, levels = 4): string {
  const kind = random.weighted({ word: 2, number: 3, string: 4, array: levels, object: levels });
  switch (kind) {
    case 'word':
      return random.pick(WORDS);
    case 'number':
      return random.pick(NUMBERS);
    case 'string':
      return jsonString(random);
    case 'array':
      return `[${random.times(random.between(0, 4), () => jsonValue(random, levels - 1)).join(',')}]`;
    case 'object': {
      const members = random.times(random.between(0, 4), () => {
        return `"${random.pick(NAMES)}":${jsonValue(random, levels - 1)}`;
      });
      return `{${members.join(',')}}`;
    }
    default:
      return kind satisfies never;
  }
}

export type Member = readonly [name: string, value: string];

/**
 * An object with these members. Each is left out, replaced, renamed or duplicated with the probability `oddity`.
 * @returns a JSON text; with `oddity` 0 exactly these members
 */
export function jsonObject(random: Random, oddity: number, members: readonly Member[]): string {
  const written = members.flatMap(([name, value]): string[] => {
    const member = `"${name}":${value}`;
    if (!random.chance(oddity)) return [member];
    const change = random.weighted({ absent: 2, replaced: 4, renamed: 1, twice: 1 });
    switch (change) {
      case 'absent':
        return [];
      case 'replaced':
        return [`"${name}":${jsonValue(random)}`];
      case 'renamed':
        return [`"${random.pick(NAMES)}":${value}`];
      case 'twice':
        return [member, `"${name}":${jsonValue(random)}`];
      default:
        return change satisfies never;
    }
  });
  if (random.chance(oddity)) written.push(`"${random.pick(NAMES)}":${jsonValue(random)}`);
  return `{${written.join(',')}}`;
}

/** Bytes that are almost the JSON text: cut, changed at one place, or in another encoding. */
export function brokenJson(random: Random, text: string): Buffer {
  const at = random.between(0, text.length);
  const change = random.weighted({
    cut: 3,
    removed: 2,
    inserted: 3,
    twice: 1,
    comma: 1,
    comment: 1,
    quotes: 1,
    mark: 1,
    utf16: 1,
    bytes: 3,
    nothing: 1,
  });
  switch (change) {
    case 'cut':
      return Buffer.from(text.slice(0, at));
    case 'removed':
      return Buffer.from(text.slice(0, at) + text.slice(at + 1));
    case 'inserted':
      return Buffer.from(text.slice(0, at) + random.pick([...'{}[]",:0-\\\0\u007f']) + text.slice(at));
    case 'twice':
      return Buffer.from(text + text);
    case 'comma':
      return Buffer.from(text.replaceAll('}', ',}'));
    case 'comment':
      return Buffer.from(`/* */${text}// `);
    case 'quotes':
      return Buffer.from(text.replaceAll('"', "'"));
    case 'mark':
      return Buffer.from(`\ufeff${text}`);
    case 'utf16':
      return Buffer.from(text, 'utf16le');
    case 'bytes': {
      const whole = Buffer.from(text);
      const place = random.between(0, whole.length);
      const odd = random.pick([
        [0xff],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xe2, 0x82],
      ]);
      return Buffer.concat([whole.subarray(0, place), Buffer.from(odd), whole.subarray(place)]);
    }
    case 'nothing':
      return Buffer.from(random.pick(['', ' ', '\n', '{}', '[]', '""', '0', 'null', 'undefined']));
    default:
      return change satisfies never;
  }
}

/** This many levels of arrays, objects or both, closed or not. */
export function deepJson(random: Random, levels: number): string {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
    ['{"__proto__":', '}'],
  ] as const);
  const count = Math.ceil(levels / (open.startsWith('[{') ? 2 : 1));
  return open.repeat(count) + random.pick(['0', '""', '[]']) + close.repeat(count);
}

/** A value whose text has about this many characters: one long part, or very many small ones. */
export function largeJson(random: Random, characters: number): string {
  const kind = random.weighted({ string: 3, escapes: 1, number: 1, array: 2, object: 2, wide: 1 });
  switch (kind) {
    case 'string':
      return `"${random.pick(['a', ':', ' ', 'é']).repeat(characters)}"`;
    case 'escapes':
      return `"${'\\u0001'.repeat(characters / 6)}"`;
    case 'number':
      return '9'.repeat(characters);
    case 'array':
      return `[${'0,'.repeat(characters / 2)}0]`;
    case 'object':
      return `{${Array.from({ length: characters / 12 }, (_, index) => `"k${index}":0,`).join('')}"z":0}`;
    case 'wide':
      return `[${'{},'.repeat(characters / 3)}{}]`;
    default:
      return kind satisfies never;
  }
}
