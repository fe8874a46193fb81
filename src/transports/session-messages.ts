/** What every transport does with the messages of a client. */
import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import type { ClientMessage, ClientRequest } from '../protocol/client-message.js';
import type { Session } from '../session/session.js';
import type { SessionContext } from '../shared/session-context.js';

/** Each session keeps its `initialize` for all its threads. Icons in it may be whole pictures. */
export const MAX_INITIALIZE_CHARS = 256 * 1024;
/** Names of clients, and their `User-Agent`. */
export const MAX_NAME_CHARS = 200;

/**
 * The context after `initialize`. The version is negotiated as in the SDK's server (Lifecycle, "Version Negotiation").
 */
export function identified(context: SessionContext, { params }: ClientRequest): SessionContext {
  const { protocolVersion, clientInfo } = (params ?? {}) as {
    protocolVersion?: unknown;
    clientInfo?: unknown;
  };
  const { name, version } = (clientInfo ?? {}) as { name?: unknown; version?: unknown };
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_NAME_CHARS) : '');
  const supported =
    typeof protocolVersion === 'string' && SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion);
  return {
    ...context,
    client: { name: text(name), version: text(version) },
    protocolVersion: supported ? protocolVersion : LATEST_PROTOCOL_VERSION,
  };
}

/** The `initialize` request among them. */
export function openingOf(messages: readonly ClientMessage[]): ClientRequest | undefined {
  for (const message of messages) {
    if (message.kind === 'request' && message.method === 'initialize') return message;
  }
  return undefined;
}

/** Gives a session the messages that need no answer; `false` if it cannot accept more. */
export function tellSession(session: Session, messages: readonly ClientMessage[]): boolean {
  let taken = true;
  for (const message of messages) {
    if (message.kind === 'notification') taken = session.notify(message) && taken;
    else if (message.kind === 'response') session.respond(message);
  }
  return taken;
}
