/** The headers that belong to a message (2025-11-25 and 2026-07-28, Transports, "Streamable HTTP"). */
import { type Envelope, fieldsOf } from '../protocol/envelope.js';
import { encodedForHeader } from '../protocol/header-text.js';
import { mirroredName } from '../protocol/standard-headers.js';
import { META } from '../shared/stateless-protocol.js';

/** The protocol version that a message itself claims, as those of 2026-07-28 and later do; they have no session. */
export function claimedVersion(envelope: Envelope): string | undefined {
  if (envelope.kind === 'response') return undefined;
  const version = fieldsOf(envelope.params._meta)[META.protocolVersion];
  return typeof version === 'string' ? version : undefined;
}

/** Headers of a message that claims its version. */
export function statelessHeaders(envelope: Envelope, version: string): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': encodedForHeader(version) };
  if (envelope.kind !== 'request') return headers;
  headers['mcp-method'] = encodedForHeader(envelope.method);
  const name = mirroredName(envelope.method, envelope.params);
  if (name !== undefined) headers['mcp-name'] = encodedForHeader(name);
  return headers;
}
