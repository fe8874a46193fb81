/**
 * The public API. A server module imports this file in every session thread, for `defineServer`. So it must stay light:
 * the gateway itself is loaded only when one is created.
 */

import type { GatewayOptions } from './config/options.js';
import type { Gateway, GatewayExtras } from './gateway.js';

export type { GatewayOptions } from './config/options.js';
export type { ServerOptions } from './config/servers/entry-keys.js';
export type { ConnectedSession, Gateway } from './gateway.js';
export type {
  ConnectableServer,
  ServerDefinition,
  ServerMessage,
  ServerTransport,
  Session,
  SessionChildProcess,
  SessionLog,
  SessionSpawnOptions,
  SessionState,
} from './shared/define-server.js';
export { defineServer } from './shared/define-server.js';
export { BulkheadError, type BulkheadErrorCode } from './shared/errors.js';
export type { SessionAwareRequest, SessionContext, SessionTransport } from './shared/session-context.js';
export type { EndReason } from './telemetry/end-reason.js';
export type { GatewayEmitter, GatewayEvents } from './telemetry/events.js';
export type { MultiClientMetrics } from './telemetry/metrics/multi-client-metrics.js';
export type {
  GatewaySnapshot,
  RequestSnapshot,
  SessionSnapshot,
  ThreadSnapshot,
} from './telemetry/snapshot.js';

/**
 * Starts a gateway: an MCP listener, an admin listener, and session threads. When it resolves, both listeners are open.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`, `ERR_BULKHEAD_SERVER_MODULE` or `ERR_BULKHEAD_LISTEN`, with one
 *   sentence that says what was wrong; nothing is left running then
 */
export async function createGateway(options: GatewayOptions & GatewayExtras = {}): Promise<Gateway> {
  const [{ startGateway }, { fromApi }] = await Promise.all([
    import('./gateway.js'),
    import('./config/options.js'),
  ]);
  const { metadata, ...rest } = options;
  return startGateway(fromApi(rest), { metadata });
}

/** Totals of sessions and requests over all clients of a gateway. */
export function getMultiClientMetrics(gateway: Gateway): ReturnType<Gateway['getMultiClientMetrics']> {
  return gateway.getMultiClientMetrics();
}
