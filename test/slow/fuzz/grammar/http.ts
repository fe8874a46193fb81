/** HTTP/1.1 requests as bytes: request line and framing, each either correct or odd. */
import type { Random } from '../random.js';
import { type HeaderLine, LENGTHS, manyHeaders, oddHeader } from './http-headers.js';

export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly version?: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Buffer;
}

const METHODS = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'QUERY', 'PROPFIND'];
const ODD_METHODS = [
  'get',
  'CONNECT',
  'PRI',
  'M-SEARCH',
  'GET\t',
  'G\0T',
  'POST POST',
  '',
  'X'.repeat(5_000),
  'GÉT',
];
const VERSIONS = [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1',
  'http/1.1',
  'HTTP/9.9',
  'RTSP/1.0',
  '',
  'HTTP/1.1 x',
];
const PATHS = ['/mcp', '/sse', '/messages', '/', '/metrics', '/sessions', '/healthz', '/favicon.ico'];
const ODD_TARGETS = [
  '*',
  '//mcp',
  '/mcp/',
  '/MCP',
  '/mcp%00',
  '/%6dcp',
  '/mcp/../mcp',
  '/mcp;a=b',
  '/mcp?',
  '/mcp#a',
  '/mcp?sessionId=%',
  '/messages?sessionId=%ff%fe',
  '/messages?sessionId=a&sessionId=b',
  '/sessions/%',
  '/sessions/%00',
  '/sessions/a/b',
  '/sessions/..%2f..',
  '/..//../etc/passwd',
  'http://localhost/mcp',
  'http://user:password@localhost/mcp',
  'http://[::1/mcp',
  'localhost:80',
  '/mcp\\',
  '/mc p',
  '/\u00e9',
  '',
];

/** A request with a framing that any parser understands in the same way: a length, or chunks. */
export function framed(random: Random, request: HttpRequest): Buffer {
  const { body } = request;
  if (body === undefined) return bytesOf(request, []);
  if (random.chance(0.8))
    return Buffer.concat([bytesOf(request, [['Content-Length', String(body.length)]]), body]);
  return Buffer.concat([bytesOf(request, [['Transfer-Encoding', 'chunked']]), chunks(random, body)]);
}

function chunks(random: Random, body: Buffer): Buffer {
  const written: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = random.magnitude(1, Math.max(1, body.length));
    const chunk = body.subarray(at, at + size);
    written.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...written, Buffer.from('0\r\n\r\n')]);
}

/** A request line that is odd in one or more of its parts. */
export function oddRequestLine(random: Random, request: HttpRequest): Buffer {
  const changed = {
    ...request,
    method: random.chance(0.5)
      ? random.pick(METHODS)
      : random.chance(0.5)
        ? random.pick(ODD_METHODS)
        : request.method,
    target: random.chance(0.3) ? request.target : oddTarget(random),
    version: random.chance(0.5) ? 'HTTP/1.1' : random.pick(VERSIONS),
  };
  const bytes = framed(random, changed);
  if (random.chance(0.85)) return bytes;
  return random.chance(0.5)
    ? Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
    : Buffer.concat([Buffer.from('\r\n\r\n'), bytes]);
}

export function oddTarget(random: Random): string {
  const kind = random.weighted({ known: 3, odd: 5, query: 2, long: 1 });
  if (kind === 'known') return random.pick(PATHS);
  if (kind === 'odd') return random.pick(ODD_TARGETS);
  if (kind === 'query')
    return `${random.pick(PATHS)}?${random.pick(['a=b', '%', '&&&', 'sessionId=', 'a[b]=c', '='.repeat(500)])}`;
  return `${random.pick(PATHS)}${random.pick(['/', '?', '%2e', ';'])}${random.pick(['a', '/', '%61']).repeat(random.magnitude(10, 6_000))}`;
}

/** The request with some of its headers changed, duplicated or added; its framing may have changed as well. */
export function oddHeaders(random: Random, request: HttpRequest): Buffer {
  const headers = [...request.headers];
  for (let changes = random.between(1, 3); changes > 0; changes -= 1) {
    const line = oddHeader(random);
    const same = headers.findIndex(([name]) => name.toLowerCase() === line[0].toLowerCase());
    if (same === -1 || random.chance(0.2)) headers.push(line);
    else headers[same] = line;
  }
  if (random.chance(0.03)) headers.push(...manyHeaders(random));
  return framed(random, { ...request, headers });
}

/**
 * The request with a framing that is broken, ambiguous or unfinished, or followed by something that is not a request.
 */
export function oddFraming(random: Random, request: HttpRequest): Buffer {
  const body = request.body ?? Buffer.from('{}');
  const whole = framed(random, { ...request, body });
  const kind = random.weighted({ cut: 3, behind: 3, twice: 2, both: 1, lengths: 2, chunks: 3, shorter: 1 });
  const chunked = (text: string) =>
    Buffer.concat([bytesOf(request, [['Transfer-Encoding', 'chunked']]), Buffer.from(text)]);
  switch (kind) {
    case 'cut':
      return whole.subarray(0, random.between(1, whole.length - 1));
    case 'behind':
      return Buffer.concat([
        whole,
        random.chance(0.5) ? random.bytes(random.between(1, 60)) : Buffer.from('GARBAGE\r\n\r\n'),
      ]);
    case 'twice':
      return Buffer.concat([whole, whole]);
    case 'both':
      return Buffer.concat([
        bytesOf(request, [
          ['Content-Length', String(body.length)],
          ['Transfer-Encoding', 'chunked'],
        ]),
        chunks(random, body),
      ]);
    case 'lengths':
      return Buffer.concat([bytesOf(request, [['Content-Length', random.pick(LENGTHS)]]), body]);
    case 'shorter':
      return Buffer.concat([
        bytesOf(request, [['Content-Length', String(body.length + random.between(1, 5_000))]]),
        body,
      ]);
    case 'chunks':
      return chunked(
        random.pick([
          'ffffffffffffffff\r\na\r\n0\r\n\r\n',
          '-1\r\n\r\n',
          '5\r\nab\r\n0\r\n\r\n',
          'zz\r\n\r\n',
          '2;a=b\r\n{}\r\n0\r\n\r\n',
          `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
          '2\r\n{}\r\n0\r\nTrailer: a\r\nContent-Length: 5\r\n\r\n',
          '2\n{}\n0\n\n',
          '2\r\n{}',
          '0\r\n',
        ]),
      );
    default:
      return kind satisfies never;
  }
}

/** Bytes that are not HTTP/1.1 at all. */
export function garbage(random: Random): Buffer {
  const kind = random.weighted({ random: 3, tls: 1, http2: 1, line: 1, spaces: 1, nulls: 1 });
  switch (kind) {
    case 'random':
      return random.bytes(random.magnitude(1, 2_000));
    case 'tls':
      return Buffer.concat([
        Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
        random.bytes(200),
      ]);
    case 'http2':
      return Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
    case 'line':
      return Buffer.from(random.pick(['A', '/', ' ', '%']).repeat(random.magnitude(10, 40_000)));
    case 'spaces':
      return Buffer.from(random.pick(['\r\n', '\n', ' \r\n', '\t']).repeat(random.between(1, 2_000)));
    case 'nulls':
      return Buffer.alloc(random.magnitude(1, 5_000));
    default:
      return kind satisfies never;
  }
}

function bytesOf(request: HttpRequest, framing: readonly HeaderLine[]): Buffer {
  const { method, target, version = 'HTTP/1.1', headers } = request;
  // If a change of the headers affects the framing, it stays; a second line beside it is another fault.
  const own = framing.filter(
    ([name]) => !headers.some((line) => line[0].toLowerCase() === name.toLowerCase()),
  );
  const lines = [...headers, ...own].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} ${version}\r\n${lines.join('')}\r\n`, 'latin1');
}
