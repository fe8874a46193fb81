/**
 * The public API. A server module imports this file in every session thread, for `defineServer`. So it must stay light:
 * the gateway itself is loaded only when one is created.
 */

import type { GatewayOptions } from './config/options.js';
import type { EmbeddedGateway, Gateway } from './gateway.js';
import type { Listening, ProgramOptions } from './program-options.js';

export type { Authentication, GivenPrincipal, Refusal } from './auth/given-principal.js';
export type { GatewayOptions } from './config/options.js';
export type { ServerOptions } from './config/servers/entry-keys.js';
export type { ConnectedSession, EmbeddedGateway, Gateway, ReloadOptions } from './gateway.js';
export type { ProgramOptions } from './program-options.js';
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
  TypedSessionState,
  UntypedState,
} from './shared/define-server.js';
export { defineServer } from './shared/define-server.js';
export { BulkheadError, type BulkheadErrorCode } from './shared/errors.js';
export type {
  Identity,
  PrincipalKind,
  SessionAwareRequest,
  SessionContext,
  SessionTransport,
} from './shared/session-context.js';
export type { EndReason } from './telemetry/end-reason.js';
export type { GatewayEmitter, GatewayEvents } from './telemetry/events.js';
export type { GatewayLogger } from './telemetry/log/given-logger.js';
export type { MultiClientMetrics } from './telemetry/metrics/multi-client-metrics.js';
export type {
  GatewaySnapshot,
  RequestSnapshot,
  ServerSnapshot,
  SessionSnapshot,
  ThreadSnapshot,
} from './telemetry/snapshot.js';

/**
 * Starts a gateway: an MCP listener, an admin listener, and session threads. When it resolves, its listeners are open. With
 * `listen: false` it opens none, and serves what `gateway.handler` is given.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`, `ERR_BULKHEAD_SERVER_MODULE` or `ERR_BULKHEAD_LISTEN`, with one
 *   sentence that says what was wrong; nothing is left running then
 */
export async function createGateway(options?: GatewayOptions & ProgramOptions & Listening): Promise<Gateway>;
export async function createGateway(
  options: GatewayOptions & ProgramOptions & Pick<Listening, 'listen'>,
): Promise<EmbeddedGateway & { readonly url: URL }>;
export async function createGateway(options: GatewayOptions & ProgramOptions): Promise<EmbeddedGateway>;
export async function createGateway(options: GatewayOptions & ProgramOptions = {}): Promise<EmbeddedGateway> {
  const [{ startGateway }, { fromApi }] = await Promise.all([
    import('./gateway.js'),
    import('./config/options.js'),
  ]);
  const { listen = true, admin = listen, metadata, authenticate, logger, ...rest } = options;
  const exposure = { mcpClosed: !listen, mcpGuarded: authenticate !== undefined, adminClosed: !admin };
  const resolved = fromApi(rest, exposure);
  return startGateway(resolved, { listen, admin, metadata, authenticate, logger });
}

/** Totals of sessions and requests over all clients of a gateway. */
export function getMultiClientMetrics(
  gateway: EmbeddedGateway,
): ReturnType<EmbeddedGateway['getMultiClientMetrics']> {
  return gateway.getMultiClientMetrics();
}
