/** Finds out who makes a request before anything else is done for it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticated, AuthenticationChain, ProtectedEndpoint } from '../../auth/authentication.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { answering, internalError, reject } from './reply.js';

/**
 * Calls back with the principal or why there is none, before it returns if that is possible. It does not if the client has
 * disconnected meanwhile.
 */
export function authenticate(
  chain: AuthenticationChain,
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  endpoint: ProtectedEndpoint,
  finish: (found: Authenticated) => void,
): void {
  const found = chain.authenticate(request, endpoint);
  if (!(found instanceof Promise)) return finish(found);
  found.then(
    (awaited) => {
      if (!response.destroyed) answering(events, request, response, () => finish(awaited));
    },
    (error: unknown) => {
      if (!response.destroyed) reject(events, request, response, internalError(error));
    },
  );
}
