import { expect } from 'chai';
import type { JsonRpcMessage, RawResponse } from './raw-client.js';

/** The response must reject the HTTP request, with that status and a JSON-RPC error whose message says why. */
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

/** How many times the grace a kill may take: far more than a busy machine adds, far less than any other deadline. */
const GRACES = 10;

/**
 * `graceMs` must have ended the thread, and nothing earlier or later. How soon after it the thread is gone also depends
 * on the machine: see the row `kill` in docs/benchmarks.md.
 */
export function expectKilledByGrace(tookMs: number | undefined, graceMs: number): void {
  expect(tookMs, 'ms until the thread was gone').to.be.within(graceMs - 20, GRACES * graceMs);
}

/** All `notifications/progress` with this token, in order. */
export function progressOf(messages: readonly JsonRpcMessage[], progressToken: string | number): number[] {
  return messages
    .filter(
      ({ method, params }) => method === 'notifications/progress' && params?.progressToken === progressToken,
    )
    .map(({ params }) => Number(params?.progress));
}

/** Each value must be higher than the one before it (2025-11-25, Utilities, "Progress"). */
export function expectGrowing(values: readonly number[]): void {
  for (const [index, value] of values.entries()) {
    if (index > 0) expect(value, `progress ${JSON.stringify(values)}`).to.be.above(values[index - 1]!);
  }
}
