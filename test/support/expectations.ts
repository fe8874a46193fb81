import { expect } from 'chai';
import type { JsonRpcMessage, RawResponse } from './raw-client.js';

/** The response rejects the HTTP request: that status, and a JSON-RPC error that says why in a sentence. */
export async function expectRejection(
  response: RawResponse,
  status: number,
  code?: number,
): Promise<JsonRpcMessage> {
  const text = await response.text();
  expect(response.status, text).to.equal(status);
  expect(response.headers['content-type']).to.match(/^application\/json/);
  const message = JSON.parse(text) as JsonRpcMessage;
  expectError(message, code);
  return message;
}

/** The message is a JSON-RPC error response whose message can be read. */
export function expectError(message: JsonRpcMessage, code?: number): void {
  expect(message.jsonrpc).to.equal('2.0');
  expect(message.result, JSON.stringify(message)).to.equal(undefined);
  expect(message.error?.message, JSON.stringify(message)).to.be.a('string').with.length.above(10);
  if (code !== undefined) expect(message.error?.code).to.equal(code);
}

/** How often the grace itself a kill may take: far more than a busy machine adds, far less than any other deadline is. */
const GRACES = 10;

/**
 * It was `graceMs` that ended the thread: nothing earlier, and no other deadline. How soon after it the thread is gone is a
 * figure, which the machine decides as well: see the row `kill` in docs/benchmarks.md.
 */
export function expectKilledByGrace(tookMs: number | undefined, graceMs: number): void {
  expect(tookMs, 'ms until the thread was gone').to.be.within(graceMs - 20, GRACES * graceMs);
}

/** `notifications/progress` of that token, in order. */
export function progressOf(messages: readonly JsonRpcMessage[], progressToken: string | number): number[] {
  return messages
    .filter(
      ({ method, params }) => method === 'notifications/progress' && params?.progressToken === progressToken,
    )
    .map(({ params }) => Number(params?.progress));
}

/** Each value is above the one before it (2025-11-25, Utilities, "Progress"). */
export function expectGrowing(values: readonly number[]): void {
  for (const [index, value] of values.entries()) {
    if (index > 0) expect(value, `progress ${JSON.stringify(values)}`).to.be.above(values[index - 1]!);
  }
}
