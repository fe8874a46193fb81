/**
 * The era of a server of the SDK's version 2. Such a server belongs to one era: `initialize` binds it to that of sessions,
 * and the SDK's own hosts bind it to the stateless era before they connect it. There is no public way to do that for
 * another transport; if a version of the SDK lacks what is used here, the server is spoken to in the session era.
 */
import type { ConnectableServer } from '../../../src/shared/define-server.js';
import { META, STATELESS_VERSION } from '../../../src/shared/stateless-protocol.js';
import { protocolOf } from './returned-server.js';

const VERSION = '_negotiatedProtocolVersion';

/**
 * Binds the server to the stateless era, after it has answered `initialize`. Its handlers can then return what they need
 * from their client, and its results say how long they may be kept.
 * @returns whether it speaks that era now
 */
export function bindToStatelessEra(server: ConnectableServer): boolean {
  const protocol = protocolOf(server) as unknown as {
    readonly getNegotiatedProtocolVersion?: () => unknown;
    readonly projectCallToolResult?: unknown;
  };
  // Both are public members of version 2 alone.
  if (typeof protocol.getNegotiatedProtocolVersion !== 'function') return false;
  if (typeof protocol.projectCallToolResult !== 'function' || !Object.hasOwn(protocol, VERSION)) return false;
  const before: unknown = Reflect.get(protocol, VERSION);
  Reflect.set(protocol, VERSION, STATELESS_VERSION);
  if (protocol.getNegotiatedProtocolVersion() === STATELESS_VERSION) return true;
  Reflect.set(protocol, VERSION, before);
  return false;
}

/** In the stateless era a server tells of every resource, and its host of those that were subscribed to. */
export const SUBSCRIBES: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

const ENVELOPE = {
  [META.protocolVersion]: STATELESS_VERSION,
  [META.clientCapabilities]: {},
};

/** A message of the gateway itself, with what each request of the stateless era says of its client. */
export function withEnvelope(message: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...message, params: { ...(message.params as object | undefined), _meta: ENVELOPE } };
}
