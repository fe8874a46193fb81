/** The top of the grammar: which kind of input, to which listener and session, and how it is written to the socket. */
import { type Input, type Kind, SESSION_SLOTS, type Surroundings } from '../input.js';
import { Random } from '../random.js';
import {
  framed,
  garbage,
  type HttpRequest,
  oddFraming,
  oddHeaders,
  oddRequestLine,
  oddTarget,
} from './http.js';
import { type HeaderLine, JSON_HEADERS, oddEventId } from './http-headers.js';
import { brokenJson, deepJson, jsonValue, largeJson } from './json.js';
import { oddMessage, response } from './json-rpc.js';
import { initialize, notification, request } from './mcp.js';
import { statelessRequest } from './stateless.js';

/** How often each kind occurs. Those that need a new connection are more expensive. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  garbage: 2,
  'request-line': 5,
  headers: 12,
  framing: 6,
  json: 12,
  'json-rpc': 14,
  mcp: 18,
  stateless: 16,
  depth: 3,
  size: 0.3,
  streams: 5,
  legacy: 10,
  admin: 5,
  abandoned: 2,
};

/** Deeper than any stack allows a recursion, and small enough for the limit of bodies. */
const MOST_LEVELS = 150_000;
/** Above the limit of bodies of the fuzzed gateway. */
const MOST_CHARACTERS = 1_300_000;

const NOBODY: Pick<Input, 'head' | 'id'> = { head: false, id: undefined };

/**
 * The input with this index in the run with this seed. Always the same, except for the ids of the sessions that it
 * names.
 */
export function inputOf(seed: number, index: number, surroundings: Surroundings): Input {
  const random = new Random(seed, index);
  const made = inputOfKind(random.weighted(WEIGHTS), random, surroundings);
  return random.chance(0.1) ? { ...made, pieces: splitAnywhere(random, made.pieces) } : made;
}

function inputOfKind(kind: Kind, random: Random, surroundings: Surroundings): Input {
  const open = (bytes: Buffer, head = false): Input => {
    return {
      ...NOBODY,
      kind,
      listener: random.chance(0.15) ? 'admin' : 'mcp',
      pieces: [bytes],
      ending: 'end',
      head,
    };
  };
  const post = (body: Buffer, id?: string | number): Input => {
    const bytes = framed(random, { ...postRequest(random, surroundings), body });
    return { kind, listener: 'mcp', pieces: [bytes], ending: 'answer', head: false, id };
  };
  switch (kind) {
    case 'garbage':
      return open(garbage(random));
    case 'request-line': {
      const bytes = oddRequestLine(random, usualRequest(random, surroundings));
      return open(bytes, /^(?:\r\n)*HEAD /.test(bytes.subarray(0, 20).toString('latin1')));
    }
    case 'headers':
      return open(oddHeaders(random, usualRequest(random, surroundings)));
    case 'framing':
      return open(oddFraming(random, usualRequest(random, surroundings)));
    case 'json': {
      const text = random.chance(0.7) ? request(random, 0.1).text : jsonValue(random);
      return post(brokenJson(random, text));
    }
    case 'json-rpc':
      return post(Buffer.from(oddMessage(random)));
    case 'mcp': {
      const group = random.weighted({ right: 3, odd: 5, notification: 2, response: 1, initialize: 1 });
      if (group === 'notification') return post(Buffer.from(notification(random, 0.2)));
      if (group === 'response') return post(Buffer.from(response(random)));
      const { text, id } =
        group === 'initialize' ? initialize(random, 0.15) : request(random, group === 'odd' ? 0.25 : 0);
      if (group === 'initialize') return opening(random, kind, text, id);
      return post(Buffer.from(text), id);
    }
    case 'stateless':
      return stateless(random);
    case 'depth': {
      const value = deepJson(random, random.magnitude(50, MOST_LEVELS));
      return random.chance(0.2)
        ? opening(random, kind, around(random, value))
        : post(Buffer.from(around(random, value)));
    }
    case 'size': {
      const value = largeJson(random, random.magnitude(50_000, MOST_CHARACTERS));
      return post(Buffer.from(around(random, value)));
    }
    case 'streams':
      return streams(random, surroundings);
    case 'legacy':
      return legacy(random, surroundings);
    case 'admin':
      return admin(random, surroundings);
    case 'abandoned': {
      const bytes = framed(random, {
        ...postRequest(random, surroundings),
        body: Buffer.from(request(random, 0).text),
      });
      const written = bytes.subarray(0, random.chance(0.7) ? bytes.length : random.between(1, bytes.length));
      return { ...NOBODY, kind, listener: 'mcp', pieces: [written], ending: 'destroy' };
    }
    default:
      return kind satisfies never;
  }
}

/** A POST to a session, without its body. */
function postRequest(random: Random, surroundings: Surroundings): HttpRequest {
  const headers: HeaderLine[] = [...JSON_HEADERS];
  const session = surroundings.streamable(random.between(0, SESSION_SLOTS - 1));
  if (random.chance(0.95)) headers.push(['Mcp-Session-Id', session]);
  if (random.chance(0.5)) headers.push(['MCP-Protocol-Version', '2025-11-25']);
  return { method: 'POST', target: '/mcp', headers };
}

/** What a correct client might send; oddities of HTTP are added to it. */
function usualRequest(random: Random, surroundings: Surroundings): HttpRequest {
  const kind = random.weighted({ call: 5, sse: 1, messages: 1, admin: 1 });
  if (kind === 'call')
    return { ...postRequest(random, surroundings), body: Buffer.from(request(random, 0).text) };
  if (kind === 'sse') return { method: 'GET', target: '/sse', headers: getHeaders() };
  if (kind === 'admin')
    return {
      method: 'GET',
      target: random.pick(['/metrics', '/sessions', '/readyz']),
      headers: getHeaders(),
    };
  const target = `/messages?sessionId=${surroundings.legacy(random.between(0, SESSION_SLOTS - 1))}`;
  return { method: 'POST', target, headers: JSON_HEADERS, body: Buffer.from(request(random, 0).text) };
}

function getHeaders(): HeaderLine[] {
  return [
    ['Host', 'localhost'],
    ['Accept', 'text/event-stream, application/json, */*'],
  ];
}

/** `initialize` without a session. */
function opening(random: Random, kind: Kind, text: string, id?: number | string): Input {
  const bytes = framed(random, {
    method: 'POST',
    target: '/mcp',
    headers: JSON_HEADERS,
    body: Buffer.from(text),
  });
  return { kind, listener: 'mcp', pieces: [bytes], ending: 'answer', head: false, id };
}

/** A request that stands for itself. One whose response never ends is left at once, which ends it. */
function stateless(random: Random): Input {
  const { text, id, headers, listens } = statelessRequest(random, random.chance(0.4) ? 0 : 0.2);
  const bytes = framed(random, {
    method: 'POST',
    target: '/mcp',
    headers: [...JSON_HEADERS, ...headers],
    body: Buffer.from(text),
  });
  const ending = listens ? 'destroy' : 'answer';
  return { kind: 'stateless', listener: 'mcp', pieces: [bytes], ending, head: false, id };
}

/** The value at each place of a message where one may be, or as the whole body. */
function around(random: Random, value: string): string {
  const id = random.between(1, 1_000_000);
  const message = (method: string, params: string) =>
    `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
  const place = random.weighted({
    whole: 1,
    id: 1,
    method: 1,
    params: 2,
    arguments: 3,
    meta: 2,
    capabilities: 2,
    client: 1,
    cancelled: 1,
    progress: 1,
    result: 1,
    error: 1,
    batch: 2,
    extra: 1,
  });
  switch (place) {
    case 'whole':
      return value;
    case 'id':
      return `{"jsonrpc":"2.0","id":${value},"method":"ping"}`;
    case 'method':
      return `{"jsonrpc":"2.0","id":${id},"method":${value}}`;
    case 'params':
      return message('ping', random.chance(0.5) ? value : `{"a":${value}}`);
    case 'arguments':
      return message('tools/call', `{"name":"echo","arguments":{"text":"a","more":${value}}}`);
    case 'meta':
      return message(
        'tools/call',
        `{"name":"echo","arguments":{"text":"a"},"_meta":{"progressToken":${value}}}`,
      );
    case 'capabilities':
      return message(
        'initialize',
        `{"protocolVersion":"2025-11-25","capabilities":{"experimental":{"a":${value}}},"clientInfo":{"name":"a","version":"1"}}`,
      );
    case 'client':
      return message(
        'initialize',
        `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1","icons":${value}}}`,
      );
    case 'cancelled':
      return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${value},"reason":${value}}}`;
    case 'progress':
      return `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":${value}}}`;
    case 'result':
      return `{"jsonrpc":"2.0","id":1,"result":{"content":${value}}}`;
    case 'error':
      return `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"a","data":${value}}}`;
    case 'batch':
      return `[${message('ping', `{"a":${value}}`)},{"jsonrpc":"2.0","id":null,"method":${value}}]`;
    case 'extra':
      return `{"jsonrpc":"2.0","id":${id},"method":"ping","more":${value}}`;
    default:
      return place satisfies never;
  }
}

/** GET streams, including resumed ones, and DELETE. */
function streams(random: Random, surroundings: Surroundings): Input {
  const slot = random.between(0, SESSION_SLOTS - 1);
  const headers = getHeaders();
  if (random.chance(0.9))
    headers.push(['Mcp-Session-Id', random.chance(0.9) ? surroundings.streamable(slot) : 'gone']);
  if (random.chance(0.6)) {
    headers.push(['Last-Event-ID', random.chance(0.5) ? surroundings.eventId(slot) : oddEventId(random)]);
  }
  const method = random.chance(0.03) ? 'DELETE' : 'GET';
  const bytes = framed(random, { method, target: '/mcp', headers });
  return { ...NOBODY, kind: 'streams', listener: 'mcp', pieces: [bytes], ending: 'answer' };
}

/** The transport of 2024-11-05. */
function legacy(random: Random, surroundings: Surroundings): Input {
  const kind: Kind = 'legacy';
  if (random.chance(0.05)) {
    const bytes = framed(random, { method: 'GET', target: '/sse', headers: getHeaders() });
    return { ...NOBODY, kind, listener: 'mcp', pieces: [bytes], ending: 'answer' };
  }
  const session = random.chance(0.9)
    ? surroundings.legacy(random.between(0, SESSION_SLOTS - 1))
    : random.pick(['', 'gone', '%', '%00', '__proto__', 'a'.repeat(2_000), '&sessionId=']);
  const group = random.weighted({ mcp: 4, odd: 3, broken: 2, depth: 1, notification: 1 });
  const body =
    group === 'broken'
      ? brokenJson(random, request(random, 0).text)
      : Buffer.from(
          group === 'mcp'
            ? request(random, 0.2).text
            : group === 'odd'
              ? oddMessage(random)
              : group === 'depth'
                ? around(random, deepJson(random, random.magnitude(50, MOST_LEVELS)))
                : notification(random, 0.2),
        );
  const bytes = framed(random, {
    method: 'POST',
    target: `/messages?sessionId=${session}`,
    headers: JSON_HEADERS,
    body,
  });
  return { ...NOBODY, kind, listener: 'mcp', pieces: [bytes], ending: 'answer' };
}

function admin(random: Random, surroundings: Surroundings): Input {
  const kind: Kind = 'admin';
  const session = surroundings.streamable(random.between(0, SESSION_SLOTS - 1));
  const method = random.weighted({ GET: 8, HEAD: 1, DELETE: 0.2, POST: 1, OPTIONS: 1, PUT: 0.5 });
  const target = random.pick([
    '/metrics',
    '/healthz',
    '/readyz',
    '/clients',
    '/sessions',
    `/sessions/${session}`,
    oddTarget(random),
  ]);
  const headers: HeaderLine[] = [['Host', 'localhost']];
  if (random.chance(0.3))
    headers.push([
      'Accept',
      random.pick(['application/openmetrics-text', '*/*', 'a;q=x', ','.repeat(3_000)]),
    ]);
  const body = method === 'POST' || method === 'PUT' ? Buffer.from(jsonValue(random)) : undefined;
  const bytes = framed(random, { method, target, headers, ...(body !== undefined && { body }) });
  // A parser may refuse an odd target, and its answer then closes the connection.
  return { ...NOBODY, kind, listener: 'admin', pieces: [bytes], ending: 'end', head: method === 'HEAD' };
}

function splitAnywhere(random: Random, pieces: readonly Buffer[]): Buffer[] {
  return pieces.flatMap((bytes) => {
    const cuts = random
      .times(random.between(1, 4), () => random.between(0, bytes.length))
      .sort((a, b) => a - b);
    return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
  });
}
