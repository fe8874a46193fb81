/**
 * Which era a POST belongs to, and whether it is a valid one of the stateless era: decided once, at the edge, by the body.
 * Nothing below looks at the headers again (2026-07-28, Versioning, "Backward Compatibility", and Streamable HTTP, "Server
 * Validation").
 *
 * The steps, of which the first that is not passed decides:
 *
 * 1. No version in `params._meta`: the session era. But where the header names a version of the stateless era, a request lacks
 *    its `_meta` (-32602), a notification is one of that era, and an array or a response does not exist in it (-32600); to a
 *    server that has only sessions, it is a request for a version that is not served (-32022). `initialize` is always the
 *    session era's.
 * 2. An array with such a version in it: -32600.
 * 3. A server that has only sessions: -32022, with the versions that begin with `initialize`.
 * 4. The version in the header differs, or is missing: -32020.
 * 5. The version is not served: -32022.
 * 6. The rest of `_meta` is missing or malformed: -32602.
 * 7. `Mcp-Method` or `Mcp-Name` differ or are missing: -32020. (`Mcp-Param-*`: `header-params.ts`.)
 * 8. A method that only the session era has: -32601.
 */

import { type Fields, isFields } from '../shared/fields.js';
import type { RequestId } from '../shared/request-id.js';
import {
  META,
  SESSION_VERSIONS,
  STATELESS_LOG_LEVELS,
  STATELESS_VERSIONS,
  type StatelessLogLevel,
} from '../shared/stateless-protocol.js';
import type { ClientMessage, ClientNotification, ClientRequest } from './client-message.js';
import {
  type ClaimedClient,
  type EraRejection,
  headerRejection,
  incompleteMeta,
  malformedMeta,
  noBatch,
  noMethod,
  noResponse,
  unknownLogLevel,
  unservedVersion,
  versionHeaderRejection,
} from './era-rejection.js';
import { plainHeader, type RequestHead } from './header-text.js';
import type { ParsedBody, VersionClaim } from './json-rpc.js';
import { fault, standardHeaderFault } from './standard-headers.js';

/** What a server and a gateway say about the stateless era. */
export interface EraPolicy {
  /** Whether the server is served in the stateless era. */
  readonly stateless: boolean;
  /** Whether a request may have the version of an older revision in its header, and that of a later one in its body. */
  readonly lenientVersionHeader: boolean;
}

export type Classification =
  | { readonly era: 'session' }
  | StatelessRequest
  | StatelessNotification
  | EraRejection;

export interface StatelessRequest {
  readonly era: 'stateless';
  readonly kind: 'request';
  readonly message: ClientRequest;
  /** As the client sent them, with `_meta`. */
  readonly params: Fields;
  readonly protocolVersion: string;
  /** What the client can do, as it says of this one request; its members are not checked. */
  readonly clientCapabilities: Fields;
  readonly client: ClaimedClient;
  /** The minimum level of log messages that the client wants; `undefined`: it wants none. */
  readonly logLevel: StatelessLogLevel | undefined;
  /** Whether headers must repeat what they can repeat. Not so for a version header that was forgiven: its version has none. */
  readonly headersRequired: boolean;
}

/** The revision has none for HTTP; it is accepted, and nothing is done. */
interface StatelessNotification {
  readonly era: 'stateless';
  readonly kind: 'notification';
  readonly message: ClientNotification;
}

const SESSION_ERA: Classification = { era: 'session' };
/** Methods that the stateless era has not (2026-07-28, Changelog). What a server does not know, it says itself. */
const REMOVED_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);
const MAX_NAME_CHARS = 200;

/**
 * @param parsed the body, which has been checked as JSON-RPC
 * @param head of the same request
 * @returns with a `reason` if the request is to be rejected
 */
export function classify(parsed: ParsedBody, head: RequestHead, policy: EraPolicy): Classification {
  const { claim, batch, messages } = parsed;
  const [message] = messages;
  if (message === undefined) return SESSION_ERA;
  if (claim === undefined) {
    const version = head.headers['mcp-protocol-version'];
    if (typeof version !== 'string' || !STATELESS_VERSIONS.includes(version)) return SESSION_ERA;
    if (policy.stateless) return withoutClaim(message, batch, head, version);
    // Its header asks for what is not served: the versions that are say more than that this one is unknown.
    const ofSessions = batch || message.kind !== 'request' || message.method === 'initialize';
    return ofSessions ? SESSION_ERA : unservedVersion(message.id, version, false);
  }
  if (batch) return noBatch();
  switch (message.kind) {
    case 'request':
      return statelessRequest(message, claim, head, policy);
    case 'notification':
      return statelessNotification(message, claim, head, policy);
    case 'response':
      // It has no `params`, in which it could claim something.
      return SESSION_ERA;
    default:
      return message satisfies never;
  }
}

/** @param version of the stateless era, in the header alone */
function withoutClaim(
  message: ClientMessage,
  batch: boolean,
  head: RequestHead,
  version: string,
): Classification {
  if (batch) return noBatch();
  switch (message.kind) {
    case 'request':
      if (message.method === 'initialize') return SESSION_ERA;
      return incompleteMeta(message.id, version, missingIn(message));
    case 'notification': {
      const wrong = standardHeaderFault(head, message.method, {}, false);
      return wrong === undefined
        ? { era: 'stateless', kind: 'notification', message }
        : headerRejection(undefined, wrong);
    }
    case 'response':
      return noResponse(version);
    default:
      return message satisfies never;
  }
}

/** What a request without a version has to have in `params._meta`. It is rejected, so its text may be parsed again. */
function missingIn({ body }: ClientRequest): string[] {
  const { params } = JSON.parse(body) as { readonly params?: { readonly _meta?: Fields } };
  const { _meta = {} } = params ?? {};
  return [META.protocolVersion, META.clientCapabilities].filter((key) => _meta[key] === undefined);
}

function statelessRequest(
  message: ClientRequest,
  claim: VersionClaim,
  head: RequestHead,
  policy: EraPolicy,
): Classification {
  const { id } = message;
  const { method, meta, params } = claim;
  const version = meta[META.protocolVersion];
  const { [META.clientCapabilities]: clientCapabilities, [META.logLevel]: logLevel } = meta;
  const known = typeof version === 'string' && STATELESS_VERSIONS.includes(version);
  if (method === 'initialize' && !(policy.stateless && known && isFields(clientCapabilities)))
    return SESSION_ERA;
  const client = clientIn(meta);
  const badVersion = versionFault(id, version, client, head, policy);
  if (badVersion !== undefined) return badVersion;
  const protocolVersion = version as string;
  if (clientCapabilities === undefined) return incompleteMeta(id, protocolVersion, [META.clientCapabilities]);
  if (!isFields(clientCapabilities)) return malformedMeta(id, META.clientCapabilities, 'an object');
  const headersRequired = plainHeader(head, 'mcp-protocol-version') === protocolVersion;
  const wrong = standardHeaderFault(head, method, params, headersRequired);
  if (wrong !== undefined) return headerRejection(id, wrong, client);
  if (REMOVED_METHODS.has(method)) return noMethod(id, method, protocolVersion);
  if (logLevel !== undefined && !isLogLevel(logLevel)) return unknownLogLevel(id);
  return {
    era: 'stateless',
    kind: 'request',
    message,
    params,
    protocolVersion,
    clientCapabilities,
    client,
    logLevel,
    headersRequired,
  };
}

function statelessNotification(
  message: ClientNotification,
  { method, meta, params }: VersionClaim,
  head: RequestHead,
  policy: EraPolicy,
): Classification {
  const client = clientIn(meta);
  const badVersion = versionFault(undefined, meta[META.protocolVersion], client, head, policy);
  if (badVersion !== undefined) return badVersion;
  const wrong = standardHeaderFault(head, method, params, false);
  if (wrong !== undefined) return headerRejection(undefined, wrong, client);
  return { era: 'stateless', kind: 'notification', message };
}

function versionFault(
  id: RequestId | undefined,
  version: unknown,
  client: ClaimedClient,
  head: RequestHead,
  { stateless, lenientVersionHeader }: EraPolicy,
): EraRejection | undefined {
  if (typeof version !== 'string') return malformedMeta(id, META.protocolVersion, 'a string');
  if (!stateless) return unservedVersion(id, version, stateless);
  const header = plainHeader(head, 'mcp-protocol-version');
  const wrong = fault('MCP-Protocol-Version', header, `_meta["${META.protocolVersion}"]`, version, true);
  const older = typeof header === 'string' && SESSION_VERSIONS.includes(header);
  if (wrong !== undefined && !(older && lenientVersionHeader))
    return older ? versionHeaderRejection(id, wrong, client) : headerRejection(id, wrong, client);
  return STATELESS_VERSIONS.includes(version) ? undefined : unservedVersion(id, version, stateless);
}

function clientIn(meta: Fields): ClaimedClient {
  const info = meta[META.clientInfo];
  const { name, version } = isFields(info) ? info : {};
  return { name: display(name), version: display(version) };
}

/** A text that is too long is copied: a slice would keep all of it in memory. */
function display(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.length <= MAX_NAME_CHARS ? value : String(Buffer.from(value.slice(0, MAX_NAME_CHARS)));
}

function isLogLevel(value: unknown): value is StatelessLogLevel {
  return STATELESS_LOG_LEVELS.includes(value as StatelessLogLevel);
}
