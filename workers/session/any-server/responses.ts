/** JSON-RPC responses of a server that the gateway has not made. */
import type { RequestId } from '../../../src/shared/request-id.js';
import type { AnyResponse } from '../../../src/shared/response-failure.js';

export const INTERNAL_ERROR = -32603;

export type Response = AnyResponse & { readonly id: RequestId };

/** What a server has sent as a response, as one. A response without a result would leave the client waiting. */
export function responseIn({ id, result, error }: Readonly<Record<string, unknown>>): Response {
  if (typeof error === 'object' && error !== null) return response(id as RequestId, { error });
  if (result !== undefined) return response(id as RequestId, { result });
  const message = 'The server answered with neither a result nor an error.';
  return response(id as RequestId, { error: { code: INTERNAL_ERROR, message } });
}

export function response(id: RequestId, answer: AnyResponse): Response & { readonly jsonrpc: '2.0' } {
  return { jsonrpc: '2.0', id, ...answer };
}
