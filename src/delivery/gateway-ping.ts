/**
 * A `ping` from the gateway on a GET stream that was opened again (2025-11-25, Ping). Claude Code counts streams that
 * break. At the third one it ends its session, unless it has received a JSON-RPC message in between; comments do not
 * count. The answer is discarded: nothing waits for it, and no thread is woken.
 */
import type { RequestId } from '../shared/request-id.js';

/** The SDK's servers use numbers, so these ids belong to nobody else. */
const ID_PREFIX = 'bulkhead-ping-';

/** @param number unique in the session */
export function gatewayPing(number: number): string {
  return `{"jsonrpc":"2.0","id":"${ID_PREFIX}${number}","method":"ping"}`;
}

export function answersGatewayPing(id: RequestId | undefined): boolean {
  return typeof id === 'string' && id.startsWith(ID_PREFIX);
}
