import { CallToolRequestSchema, CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { parseBody } from '../../../src/protocol/json-rpc.js';
import { fastResult } from '../../../workers/session/fast-path/fast-result.js';

/** Own members that an object literal cannot have. */
const strange = {
  proto: JSON.parse('{"__proto__":{"a":1}}') as object,
  symbol: { [Symbol('a')]: 1 },
  hidden: Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }),
  instance: new (class {
    a = 1;
  })(),
  bare: Object.assign(Object.create(null) as object, { a: 1 }),
};
const RECORDS = [undefined, {}, { b: 1, a: { c: [null] } }, { 2: 'b', 1: 'a' }, [], 'text', null, 5];

const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  name: [undefined, 'echo', '', 5],
  // As a call is parsed from JSON.
  arguments: [...RECORDS, strange.proto],
  task: [undefined, { ttl: 5 }, 'task'],
  _meta: [
    undefined,
    {},
    { progressToken: 1 },
    { progressToken: 'a', 'claudecode/toolUseId': 'b' },
    { progressToken: 1.5 },
    { progressToken: 2 ** 60 },
    { progressToken: null },
    { 'io.modelcontextprotocol/related-task': { taskId: 'a', more: 1 } },
    { 'io.modelcontextprotocol/related-task': 5 },
    [],
    'text',
    strange.proto,
  ],
  more: [undefined, 1],
};

const TEXT = { type: 'text', text: 'a' };
const CONTENTS = [
  undefined,
  null,
  'text',
  [],
  [TEXT],
  [TEXT, { type: 'text', text: '' }],
  [{ text: 'a', type: 'text' }],
  [{ ...TEXT, annotations: { priority: 1 } }],
  [{ ...TEXT, more: 1 }],
  [{ type: 'text' }],
  [{ type: 'text', text: 5 }],
  [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }],
  [TEXT, { type: 'resource_link', name: 'a', uri: 'a:b' }],
  [TEXT, undefined],
  Array(2),
  { 0: TEXT, length: 1 },
];
const RESULTS: Readonly<Record<string, readonly unknown[]>> = {
  content: CONTENTS,
  structuredContent: [...RECORDS, ...Object.values(strange)],
  isError: [undefined, true, false, 'yes'],
  _meta: [undefined, { progressToken: 1 }],
  more: [undefined, 1],
};

describe('A tool call that passes the SDK without its schema', () => {
  it('is what the schema would make of it', () => {
    const counts = { passed: 0, checked: 0 };
    for (const params of combinations(Object.entries(CALLS))) {
      for (const method of ['tools/call', 'tools/list']) {
        const message = { jsonrpc: '2.0', id: 1, method, params };
        const bySchema = CallToolRequestSchema.safeParse(message);
        counts.checked += 1;
        if (!passes(JSON.stringify(message))) continue;
        counts.passed += 1;
        expect(bySchema.data, JSON.stringify(message)).to.deep.equal({ method, params });
      }
    }
    expect(counts).to.deep.equal({ passed: 2 * 4 * 4, checked: 2 * 4 * 9 * 3 * 12 * 2 });
  });

  it('is a request and has parameters', () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
    for (const value of [call, { ...call, params: { name: 'echo' }, id: undefined }]) {
      expect(passes(JSON.stringify(value))).to.equal(false);
    }
  });
});

/** Whether the main thread marks it for the fast path. */
function passes(body: string): boolean {
  const parsed = parseBody(body);
  const [message] = 'messages' in parsed ? parsed.messages : [];
  return message?.kind === 'request' && message.fastPath;
}

describe('A result that passes the SDK without its schema', () => {
  it('is written as the schema would have it written, to the letter', () => {
    const counts = { passed: 0, checked: 0 };
    for (const entries of [Object.entries(RESULTS), Object.entries(RESULTS).reverse()]) {
      for (const result of combinations(entries)) {
        const passed = fastResult(result);
        counts.checked += 1;
        if (passed === undefined) continue;
        counts.passed += 1;
        const bySchema = CallToolResultSchema.safeParse(result);
        expect(JSON.stringify(bySchema.data)).to.equal(JSON.stringify(passed));
      }
    }
    expect(counts).to.deep.equal({ passed: 3 * 4 * 3 + 3, checked: 2 * 16 * 13 * 4 * 2 * 2 });
  });

  it('is an object of no class', () => {
    class Result {
      content = [TEXT];
    }
    for (const value of [undefined, null, 'text', [TEXT], new Result()]) {
      expect(fastResult(value)).to.equal(undefined);
    }
  });
});

/**
 * Objects in which each member is absent (where its value is `undefined`) or has one of its other values, in their
 * order.
 */
function* combinations(
  members: readonly (readonly [string, readonly unknown[]])[],
): Generator<Record<string, unknown>> {
  const [first, ...others] = members;
  if (first === undefined) return yield {};
  const [name, values] = first;
  for (const rest of combinations(others)) {
    for (const value of values) yield value === undefined ? rest : { [name]: value, ...rest };
  }
}
