/** MCP's own methods (2025-11-25 and before) with their parameters, for the tools of the fuzzed server module. */
import type { Random } from '../random.js';
import { jsonObject, jsonString, jsonValue, type Member } from './json.js';

const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2026-07-28', '1.0', ''];
const TOOLS = [
  'echo',
  'shape',
  'fail',
  'steps',
  'ask',
  'keep',
  'blob',
  'no-such-tool',
  '__proto__',
  'constructor',
  '',
];
const URIS = [
  'memo:one',
  'memo:nothing',
  'note://a/b',
  'note://a/%2e%2e%2f',
  'file:',
  'memo:',
  ':',
  '',
  'x'.repeat(3_000),
];
const LEVELS = ['debug', 'info', 'warning', 'emergency', 'loud', ''];
const TASKS = ['tasks/get', 'tasks/list', 'tasks/cancel', 'tasks/result'];

export interface McpRequest {
  readonly text: string;
  readonly id: string | number;
}

/** A request with a correct envelope; about a share of `oddity` of its parameters is wrong. */
export function request(random: Random, oddity: number): McpRequest {
  const id = random.chance(0.7) ? random.between(1, 1_000_000) : `r${random.between(1, 1_000_000)}`;
  const [method, params] = methodAndParams(random, oddity);
  const members = [`"jsonrpc":"2.0"`, `"id":${JSON.stringify(id)}`, `"method":${JSON.stringify(method)}`];
  if (params !== undefined) members.push(`"params":${params}`);
  return { text: `{${members.join(',')}}`, id };
}

export function notification(random: Random, oddity: number): string {
  const method = random.weighted({
    'notifications/initialized': 2,
    'notifications/cancelled': 4,
    'notifications/progress': 2,
    'notifications/roots/list_changed': 1,
    'notifications/tasks/status': 1,
    'notifications/no-such': 1,
  });
  const params = object(random, oddity, [
    ['requestId', random.chance(0.5) ? String(random.between(1, 1_000_000)) : jsonValue(random)],
    ['progressToken', jsonValue(random, 1)],
    ['progress', '1'],
    ['reason', jsonString(random)],
  ]);
  return jsonObject(random, oddity / 2, [
    ['jsonrpc', '"2.0"'],
    ['method', JSON.stringify(method)],
    ['params', params],
  ]);
}

export function initialize(random: Random, oddity: number): McpRequest {
  const id = random.between(1, 1_000_000);
  const params = initializeParams(random, oddity);
  return { text: `{"jsonrpc":"2.0","id":${id},"method":"initialize","params":${params}}`, id };
}

export function methodAndParams(random: Random, oddity: number): readonly [string, string | undefined] {
  const group = random.weighted({ call: 10, lists: 4, resources: 4, prompts: 3, completion: 3, more: 4 });
  switch (group) {
    case 'call':
      return ['tools/call', callParams(random, oddity)];
    case 'lists': {
      const method = random.pick([
        'tools/list',
        'resources/list',
        'resources/templates/list',
        'prompts/list',
      ]);
      if (random.chance(0.3)) return [method, undefined];
      return [method, object(random, oddity, random.chance(0.5) ? [['cursor', jsonString(random)]] : [])];
    }
    case 'resources': {
      const method = random.pick([
        'resources/read',
        'resources/read',
        'resources/subscribe',
        'resources/unsubscribe',
      ]);
      return [method, object(random, oddity, [['uri', JSON.stringify(random.pick(URIS))]])];
    }
    case 'prompts':
      return [
        'prompts/get',
        object(random, oddity, [
          ['name', JSON.stringify(random.pick(['greet', 'no-such-prompt', '__proto__', 'toString']))],
          ['arguments', object(random, oddity, [['name', jsonString(random)]])],
        ]),
      ];
    case 'completion':
      return ['completion/complete', completionParams(random, oddity)];
    case 'more':
      return moreParams(random, oddity);
    default:
      return group satisfies never;
  }
}

function callParams(random: Random, oddity: number): string {
  const members: Member[] = [
    ['name', JSON.stringify(random.pick(TOOLS))],
    [
      'arguments',
      object(random, oddity, [
        ['text', jsonString(random)],
        ['count', String(random.between(0, 3))],
        ['when', random.chance(0.5) ? '"2026-01-01"' : jsonValue(random, 1)],
      ]),
    ],
  ];
  if (random.chance(0.4)) {
    members.push([
      '_meta',
      object(random, oddity, [['progressToken', random.chance(0.7) ? '"t"' : jsonValue(random)]]),
    ]);
  }
  if (random.chance(0.05)) members.push(['task', object(random, oddity, [['ttl', '1000']])]);
  return jsonObject(random, oddity, members);
}

function completionParams(random: Random, oddity: number): string {
  const reference: readonly Member[] = random.chance(0.5)
    ? [
        ['type', '"ref/prompt"'],
        ['name', JSON.stringify(random.pick(['greet', '__proto__', 'constructor', 'valueOf']))],
      ]
    : [
        ['type', '"ref/resource"'],
        ['uri', JSON.stringify(random.pick(['note://{who}/{what}', ...URIS]))],
      ];
  return object(random, oddity, [
    ['ref', object(random, oddity, reference)],
    [
      'argument',
      object(random, oddity, [
        ['name', JSON.stringify(random.pick(['name', 'who', '__proto__', 'constructor', 'hasOwnProperty']))],
        ['value', jsonString(random)],
      ]),
    ],
  ]);
}

function moreParams(random: Random, oddity: number): readonly [string, string | undefined] {
  const kind = random.weighted({ ping: 2, level: 2, again: 1, task: 1, theirs: 2, unknown: 2 });
  switch (kind) {
    case 'ping':
      return ['ping', random.chance(0.5) ? undefined : object(random, oddity, [])];
    case 'level':
      return ['logging/setLevel', object(random, oddity, [['level', JSON.stringify(random.pick(LEVELS))]])];
    case 'again':
      return ['initialize', initializeParams(random, oddity)];
    case 'task':
      return [random.pick(TASKS), object(random, oddity, [['taskId', jsonString(random)]])];
    case 'theirs':
      return [random.pick(['sampling/createMessage', 'elicitation/create', 'roots/list']), jsonValue(random)];
    case 'unknown':
      return [
        random.pick(['server/discover', 'no/such/method', 'tools/call ', 'x'.repeat(1_000)]),
        jsonValue(random),
      ];
    default:
      return kind satisfies never;
  }
}

function initializeParams(random: Random, oddity: number): string {
  const client: readonly Member[] = [
    ['name', random.chance(0.7) ? '"fuzzer"' : jsonString(random)],
    ['version', '"1.0.0"'],
  ];
  return object(random, oddity, [
    ['protocolVersion', JSON.stringify(random.chance(0.6) ? '2025-11-25' : random.pick(PROTOCOL_VERSIONS))],
    [
      'capabilities',
      object(random, oddity, [
        ['elicitation', '{}'],
        ['experimental', jsonValue(random)],
      ]),
    ],
    ['clientInfo', object(random, oddity, client)],
  ]);
}

/** Like `jsonObject`, or something that is not an object at all. */
function object(random: Random, oddity: number, members: readonly Member[]): string {
  return random.chance(oddity / 4) ? jsonValue(random) : jsonObject(random, oddity, members);
}
