/**
 * A `ping` of the gateway's own on a GET stream that was opened again (2025-11-25, Ping). Claude Code counts streams that
 * break, and ends its session at the third unless a JSON-RPC message has come meanwhile; comments do not count for it.
 * The answer is swallowed: nothing waits for it, and no thread is woken.
 */
import type { RequestId } from '../shared/request-id.js';

/** The SDK's servers number theirs, so these ids are nobody else's. */
const ID_PREFIX = 'bulkhead-ping-';

/** @param number unique in the session */
export function gatewayPing(number: number): string {
  return `{"jsonrpc":"2.0","id":"${ID_PREFIX}${number}","method":"ping"}`;
}

export function answersGatewayPing(id: RequestId | undefined): boolean {
  return typeof id === 'string' && id.startsWith(ID_PREFIX);
}
