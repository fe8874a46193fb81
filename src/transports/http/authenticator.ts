/** Finds out who makes a request before anything else is done for it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Authenticated,
  type AuthenticationChain,
  isRejection,
  type ProtectedEndpoint,
} from '../../auth/authentication.js';
import type { Principal } from '../../auth/principal.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { answering, internalError, reject } from './reply.js';

/**
 * Calls back with the principal, before it returns if that is possible; otherwise the request is rejected, or its client
 * has disconnected meanwhile.
 */
export function authenticate(
  chain: AuthenticationChain,
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  endpoint: ProtectedEndpoint,
  serve: (principal: Principal) => void,
): void {
  const finish = (found: Authenticated): void => {
    if (isRejection(found)) reject(events, request, response, found);
    else serve(found);
  };
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
