import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { parseBody } from '../../src/protocol/json-rpc.js';

/** Each member with the values that it may have here; it may also be absent. */
const MEMBERS: Readonly<Record<string, readonly unknown[]>> = {
  jsonrpc: ['2.0', '1.0', undefined],
  id: [undefined, 1, 'a', 1.5, null, true, 2 ** 60],
  method: [undefined, 'tools/call', 5],
  params: [
    undefined,
    {},
    { name: 'echo' },
    [],
    'text',
    { _meta: {} },
    { _meta: [] },
    { _meta: { progressToken: 1 } },
    { _meta: { progressToken: 'a' } },
    { _meta: { progressToken: 1.5 } },
    { _meta: { progressToken: {} } },
    { _meta: { other: {} } },
    { _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'a' } } },
    { _meta: { 'io.modelcontextprotocol/related-task': {} } },
  ],
  result: [undefined, {}, { content: [] }, 'text', null],
  error: [undefined, { code: 1, message: 'a' }, { code: 1.5, message: 'a' }, { code: 1 }, 'text'],
  extra: [undefined, 1],
};

/**
 * The port transport passes messages to the SDK without the SDK's own guards, by the kind that the main thread
 * determined. That is correct only if both determine the same kind.
 */
describe('The kind of a message', () => {
  it('is what the SDK finds, for every combination of members', () => {
    let compared = 0;
    for (const message of combinations(Object.entries(MEMBERS))) {
      const text = JSON.stringify(message);
      const parsed = parseBody(text);
      const found = 'messages' in parsed ? parsed.messages[0]?.kind : 'refused';
      const bySdk = kindBySdk(JSON.parse(text));
      // An assertion for each of 44,100 would take most of the time.
      if (found !== bySdk) expect.fail(`${text} is a ${found} here, and a ${bySdk} for the SDK`);
      compared += 1;
    }
    expect(compared).to.equal(3 * 7 * 3 * 14 * 5 * 5 * 2);
  });
});

function kindBySdk(message: unknown): string {
  if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) return 'response';
  if (isJSONRPCRequest(message)) return 'request';
  return isJSONRPCNotification(message) ? 'notification' : 'refused';
}

function* combinations(
  members: readonly (readonly [string, readonly unknown[]])[],
): Generator<Record<string, unknown>> {
  const [first, ...rest] = members;
  if (first === undefined) {
    yield {};
    return;
  }
  const [name, values] = first;
  for (const others of combinations(rest)) {
    for (const value of values) yield value === undefined ? others : { [name]: value, ...others };
  }
}
