/** HTTP header lines, each either correct or odd. */
import type { Random } from '../random.js';

export type HeaderLine = readonly [name: string, value: string];

const HOSTS = [
  'localhost',
  '127.0.0.1:1',
  '[::1]',
  '::1',
  'LOCALHOST.',
  'evil.example',
  'localhost:99999',
  'localhost:',
  'localhost, evil.example',
  'a@localhost',
  '[::1',
  ']',
  '',
];
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json;;;',
  'text/plain',
  'multipart/form-data; boundary=a',
  'application/x-www-form-urlencoded',
  '',
  '/',
  'application/json, text/html',
];
const ACCEPTS = [
  '*/*',
  'application/json',
  'text/event-stream',
  'application/json;q=0, text/event-stream',
  'application/json;q=2',
  'text/html',
  'application/*, text/*',
  ',',
  '',
];
const ENCODINGS = [
  'chunked',
  'gzip',
  'chunked, chunked',
  'gzip, chunked',
  'identity',
  'Chunked',
  'xchunked',
  '',
];
/** Values of Content-Length: one that is right for no body, and many that are wrong. */
export const LENGTHS = ['0', '-1', '1e3', '0x10', '99999999999999999999', '1, 1', ' 5', '5 5', 'NaN', ''];

/** The headers of a correct client; `origin`, `authorization` and session headers are added by the caller. */
export const JSON_HEADERS: readonly HeaderLine[] = [
  ['Host', 'localhost'],
  ['Accept', 'application/json, text/event-stream'],
  ['Content-Type', 'application/json'],
];

/** One header line of a kind that a gateway or a parser looks at, with a value that may be odd. */
export function oddHeader(random: Random): HeaderLine {
  const name = random.weighted({
    Host: 3,
    'Content-Length': 2,
    'Transfer-Encoding': 2,
    'Content-Type': 2,
    'Content-Encoding': 1,
    Accept: 2,
    Origin: 2,
    Authorization: 1,
    'Mcp-Session-Id': 3,
    'MCP-Protocol-Version': 2,
    'Last-Event-ID': 2,
    Expect: 1,
    Connection: 1,
    Upgrade: 1,
    'Sec-Fetch-Site': 1,
    'User-Agent': 1,
    Cookie: 1,
    odd: 2,
  });
  switch (name) {
    case 'Host':
      return [name, random.chance(0.6) ? random.pick(HOSTS) : longHost(random)];
    case 'Content-Length':
      return [name, random.pick(LENGTHS)];
    case 'Transfer-Encoding':
      return [name, random.pick(ENCODINGS)];
    case 'Content-Type':
      return [name, random.chance(0.8) ? random.pick(TYPES) : longValue(random)];
    case 'Content-Encoding':
      return [name, random.pick(['gzip', 'br', 'identity', 'gzip, gzip', ''])];
    case 'Accept':
      return [name, random.chance(0.7) ? random.pick(ACCEPTS) : longValue(random)];
    case 'Origin':
      return [
        name,
        random.chance(0.8)
          ? random.pick([
              'null',
              'http://localhost',
              'https://evil.example',
              'http://',
              'a',
              'vscode-file://x',
              'http://[',
              '',
            ])
          : longValue(random),
      ];
    case 'Authorization':
      return [
        name,
        random.chance(0.5)
          ? random.pick(['Bearer', 'Bearer  a', 'Basic a', 'Bearer a b', ''])
          : longValue(random),
      ];
    case 'Mcp-Session-Id':
      return [
        name,
        random.chance(0.6)
          ? random.pick(['', 'a', 'a'.repeat(32), '__proto__', '\u00ff', 'a, b'])
          : longValue(random),
      ];
    case 'MCP-Protocol-Version':
      return [
        name,
        random.chance(0.7)
          ? random.pick(['2025-11-25', '2024-11-05', '1', '__proto__', '2026-07-28', ''])
          : longValue(random),
      ];
    case 'Last-Event-ID':
      return [name, oddEventId(random)];
    case 'Expect':
      return [name, random.pick(['100-continue', '200-ok', ''])];
    case 'Connection':
      return [name, random.pick(['close', 'keep-alive', 'upgrade', 'host', 'close, close', ''])];
    case 'Upgrade':
      return [name, random.pick(['websocket', 'h2c', ''])];
    case 'Sec-Fetch-Site':
      return [name, random.pick(['cross-site', 'same-origin', 'none', 'x'])];
    case 'User-Agent':
    case 'Cookie':
      return [name, longValue(random)];
    case 'odd':
      return random.pick<HeaderLine>([
        ['', 'a'],
        [' a', 'b'],
        ['a b', 'c'],
        ['a\0', 'b'],
        ['A', 'b\r\n folded'],
        ['A', 'b\0c'],
        ['A', 'b\rc'],
        ['__proto__', 'a'],
        ['constructor', 'a'],
        ['X-Forwarded-Prefix', '/../..'],
        ['X'.repeat(3_000), 'a'],
      ]);
    default:
      return name satisfies never;
  }
}

function longHost(random: Random): string {
  return random.pick([':', '[', '.', 'a:', 'a.', '0:', '%']).repeat(random.magnitude(100, 6_000));
}

/** A value that makes ambiguous patterns backtrack, or that is a long list. */
function longValue(random: Random): string {
  const piece = random.pick([':', ' ', ',', ';', 'a', '"', '\\', '=', '/', '[', '\t', ';q=0,', 'a/b,', 'a:']);
  return `${random.pick(['', 'a', 'Bearer '])}${piece.repeat(random.magnitude(1, 6_000 / piece.length))}${random.pick(['', 'a', '!'])}`;
}

export function oddEventId(random: Random): string {
  const ids = random.pick([
    '[]',
    '[1]',
    '["a"]',
    '[1e999]',
    '[null]',
    '{}',
    '[[1]]',
    `[${'1,'.repeat(300)}1]`,
  ]);
  const encoded = Buffer.from(ids).toString('base64url');
  return random.pick([
    `${random.between(0, 50)}.get`,
    `${random.between(0, 50)}.${random.between(0, 50)}.${encoded}`,
    `999999999999999.get.${encoded}`,
    '-1.get',
    '0.',
    '.',
    '',
    '1.__proto__',
    `1.${'a'.repeat(21)}`,
    '1'.repeat(5_000),
  ]);
}

/** More lines than a parser takes, now and then. */
export function manyHeaders(random: Random): HeaderLine[] {
  return Array.from({ length: random.magnitude(50, 2_500) }, (_, index) => [`X-${index}`, 'a'] as const);
}
