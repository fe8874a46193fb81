/** JSON-RPC 2.0 messages: requests, notifications, responses and batches, correct ones and odd ones. */
import type { Random } from '../random.js';
import { jsonObject, jsonString, jsonValue, type Member } from './json.js';
import { notification, request } from './mcp.js';

const VERSIONS = ['"1.0"', '"2"', '2', '2.0', '"2.0 "', 'null', '""'];
const IDS = ['0', '1', '-1', '1.5', '1e21', '9007199254740993', '""', '"a"', 'null', 'true', '[]', '{}'];
const METHODS = [
  '""',
  '"rpc.discover"',
  '"__proto__"',
  '"tools/call/"',
  '"Tools/Call"',
  '"\\u0000"',
  '1',
  'null',
  '[]',
];

/** One message or a batch, with a share of `oddity` or more of its places wrong. */
export function oddMessage(random: Random): string {
  const kind = random.weighted({ request: 4, notification: 2, response: 3, batch: 3, value: 2 });
  switch (kind) {
    case 'request':
      return envelope(random, [
        ['id', random.chance(0.7) ? random.pick(IDS) : jsonValue(random)],
        ['method', oddMethod(random)],
        ['params', jsonValue(random)],
      ]);
    case 'notification':
      return envelope(random, [
        ['method', oddMethod(random)],
        ['params', jsonValue(random)],
      ]);
    case 'response':
      return response(random);
    case 'batch':
      return batch(random);
    case 'value':
      return jsonValue(random);
    default:
      return kind satisfies never;
  }
}

/** The answer to a request of the server. The server's ids are small numbers, so some of them match one that waits. */
export function response(random: Random): string {
  const outcome: Member = random.chance(0.5)
    ? [
        'result',
        jsonObject(random, 0.3, [
          ['action', '"accept"'],
          ['content', jsonValue(random)],
        ]),
      ]
    : [
        'error',
        jsonObject(random, 0.3, [
          ['code', '-32000'],
          ['message', jsonString(random)],
        ]),
      ];
  return envelope(random, [['id', String(random.between(0, 9))], outcome]);
}

function batch(random: Random): string {
  const length = random.chance(0.05) ? random.between(99, 120) : random.between(0, 4);
  const messages = random.times(length, () => {
    const kind = random.weighted({ request: 3, notification: 2, response: 1, nested: 1, value: 1 });
    if (kind === 'request') return request(random, 0.1).text;
    if (kind === 'notification') return notification(random, 0.1);
    if (kind === 'response') return response(random);
    return kind === 'nested' ? '[[]]' : jsonValue(random, 2);
  });
  return `[${messages.join(',')}]`;
}

function envelope(random: Random, members: readonly Member[]): string {
  const version = random.chance(0.15) ? random.pick(VERSIONS) : '"2.0"';
  return jsonObject(random, 0.15, [['jsonrpc', version], ...members]);
}

function oddMethod(random: Random): string {
  if (random.chance(0.3)) return random.pick(METHODS);
  return random.chance(0.5) ? '"tools/list"' : `"${'m'.repeat(random.magnitude(1, 5_000))}"`;
}
