/**
 * How requests of the stateless era are rejected at the edge: status, code, reason, and a sentence that says what to do
 * (2026-07-28, Error Codes, and Streamable HTTP, "Server Validation").
 */
import { cut } from '../shared/errors.js';
import type { RequestId } from '../shared/request-id.js';
import {
  META,
  SERVED_VERSIONS,
  SESSION_VERSIONS,
  STATELESS_CODE,
  STATELESS_LOG_LEVELS,
  STATELESS_VERSIONS,
} from '../shared/stateless-protocol.js';
import { JSON_RPC, statelessStatus } from './json-rpc-error.js';
import type { Rejection } from './rejection.js';
import { quoted } from './standard-headers.js';

/** Who the client says it is, for display only; cut to 200 characters each, empty if it says nothing. */
export interface ClaimedClient {
  readonly name: string;
  readonly version: string;
}

type EraRejectionReason =
  | 'invalid_request'
  | 'protocol_version'
  /** The header has a version of the session era, the body one of the stateless era. */
  | 'version_header'
  /** Another header differs from the body, or is missing. */
  | 'header_mismatch'
  /** `_meta` lacks something, or it is malformed. */
  | 'request_meta'
  | 'method_not_found';

export interface EraRejection extends Rejection<EraRejectionReason> {
  /** Of the HTTP response. */
  readonly status: number;
  readonly code: number;
  readonly id: RequestId | undefined;
  /** Who the client says it is, only for the log. */
  readonly detail?: string;
}

const MAX_ECHOED_CHARS = 200;

/** @param what does not agree, as a part of a sentence */
export function headerRejection(
  id: RequestId | undefined,
  what: string,
  client?: ClaimedClient,
): EraRejection {
  return rejected({
    reason: 'header_mismatch',
    code: STATELESS_CODE.headerMismatch,
    message: `Header mismatch: ${what}.`,
    id,
    ...(client !== undefined && { detail: `${what}; ${nameOf(client)}` }),
  });
}

/** The same for a client whose header has a version of the session era. */
export function versionHeaderRejection(
  id: RequestId | undefined,
  what: string,
  client: ClaimedClient,
): EraRejection {
  const detail = `${what}; ${nameOf(client)}; with lenient-version-header such requests are accepted`;
  return { ...headerRejection(id, what), reason: 'version_header', detail };
}

function nameOf({ name, version }: ClaimedClient): string {
  return `the client says it is ${quoted(name)} ${quoted(version)}`;
}

export function unservedVersion(
  id: RequestId | undefined,
  requested: string,
  stateless: boolean,
): EraRejection {
  const supported = stateless ? SERVED_VERSIONS : SESSION_VERSIONS;
  const next = stateless
    ? `Use ${STATELESS_VERSIONS.join(' or ')}, or send initialize with an older one`
    : 'It has a session for each client: send initialize';
  return rejected({
    reason: 'protocol_version',
    code: STATELESS_CODE.unsupportedVersion,
    message: `Unsupported protocol version: this server does not serve ${quoted(requested)} without a session. ${next} (${supported.join(', ')}).`,
    id,
    data: { supported, requested: cut(requested, MAX_ECHOED_CHARS) },
  });
}

export function incompleteMeta(id: RequestId, version: string, keys: readonly string[]): EraRejection {
  return rejected({
    reason: 'request_meta',
    code: JSON_RPC.invalidParams,
    status: 400,
    message: `Invalid params: a request of protocol version ${version} must have ${keys.join(' and ')} in params._meta.`,
    id,
    data: { missing: keys },
  });
}

export function malformedMeta(id: RequestId | undefined, key: string, kind: string): EraRejection {
  return rejected({
    reason: 'request_meta',
    code: JSON_RPC.invalidParams,
    status: 400,
    message: `Invalid params: params._meta["${key}"] must be ${kind}.`,
    id,
  });
}

/** In band: the request is complete, and the client is of this era. */
export function unknownLogLevel(id: RequestId): EraRejection {
  return rejected({
    reason: 'request_meta',
    code: JSON_RPC.invalidParams,
    message: `Invalid params: params._meta["${META.logLevel}"] must be one of ${STATELESS_LOG_LEVELS.join(', ')}.`,
    id,
  });
}

export function noMethod(id: RequestId, method: string, version: string): EraRejection {
  return rejected({
    reason: 'method_not_found',
    code: JSON_RPC.methodNotFound,
    message: `Method not found: protocol version ${version} has no ${method}.`,
    id,
  });
}

export function noResponse(version: string): EraRejection {
  return rejected({
    reason: 'invalid_request',
    code: JSON_RPC.invalidRequest,
    message: `Invalid Request: in protocol version ${version} a client sends no responses; repeat the request with inputResponses.`,
    id: undefined,
  });
}

export function noBatch(): EraRejection {
  return rejected({
    reason: 'invalid_request',
    code: JSON_RPC.invalidRequest,
    message: `Invalid Request: protocol version ${STATELESS_VERSIONS.join(' or ')} has no batches; send one message per POST.`,
    id: undefined,
  });
}

function rejected(rejection: Omit<EraRejection, 'status'> & { readonly status?: number }): EraRejection {
  return { status: statelessStatus(String(rejection.code)), ...rejection };
}
