/** The headers that belong to a message (2025-11-25 and 2026-07-28, Transports, "Streamable HTTP"). */
import { type Envelope, fieldsOf } from '../protocol/envelope.js';

const VERSION_CLAIM = 'io.modelcontextprotocol/protocolVersion';
/** What each method is about. */
const NAME_PARAMETERS: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** The protocol version that a message itself claims, as those of 2026-07-28 and later do; they have no session. */
export function claimedVersion(envelope: Envelope): string | undefined {
  if (envelope.kind === 'response') return undefined;
  const version = fieldsOf(envelope.params._meta)[VERSION_CLAIM];
  return typeof version === 'string' ? version : undefined;
}

/** Headers of a message that claims its version. */
export function statelessHeaders(envelope: Envelope, version: string): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': headerText(version) };
  if (envelope.kind !== 'request') return headers;
  headers['mcp-method'] = headerText(envelope.method);
  const parameter = NAME_PARAMETERS[envelope.method];
  const name = parameter === undefined ? undefined : envelope.params[parameter];
  if (typeof name === 'string') headers['mcp-name'] = headerText(name);
  return headers;
}

/** A value as it may be in a header: other characters, and white space at its ends, are encoded. */
function headerText(value: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !value.startsWith('=?base64?')) return value;
  return `=?base64?${Buffer.from(value).toString('base64')}?=`;
}
