/** Answers that consist of a status and a JSON-RPC error that says what was wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import { type Rejection, rejectionResponse } from '../../protocol/rejection.js';
import { messageOf } from '../../shared/errors.js';
import type { RequestId } from '../../shared/request-id.js';
import { STATELESS_CODE, STATELESS_VERSIONS } from '../../shared/stateless-protocol.js';
import type { GatewayEmitter, RejectedRequest } from '../../telemetry/events.js';
import type { RejectionReason } from '../../telemetry/rejection-reason.js';
import { answered } from './followed-requests.js';
import { sentTargetOf } from './request-target.js';
import { rejectionHeaders } from './staged-close.js';
import { clientAddressOf } from './trusted-proxies.js';

/** How long a client is told to wait before it tries again, in seconds; Claude Code uses its own time. */
export const RETRY_AFTER_SECONDS = 2;

export interface HttpRejection extends Rejection<RejectionReason> {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong, only for the log. */
  readonly detail?: string;
}

/** RFC 9112, section 3.2 */
export const SECOND_HOST: HttpRejection = {
  status: 400,
  reason: 'malformed_http',
  message: 'Bad Request: it has more than one Host header',
};

/** Maximum length of each part of a rejected request in events and log lines, in characters. */
const MAX_NOTED_CHARS = 200;

/** Rejects a request: with a status, a JSON-RPC error with the message, and an event. */
export function reject(
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  rejection: HttpRejection,
): void {
  const { status, reason, headers, detail } = rejection;
  noteRejection(events, request, reason, status, detail);
  const body = rejectionResponse(inItsEra(request, rejection));
  answered(response, { failure: String(rejection.code ?? status), reason, answer: body });
  sendJson(response, status, body, {
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
    ...headers,
    ...rejectionHeaders(request),
  });
}

/** What is rejected before its body was read is answered as in the era that its header names. */
function inItsEra(request: IncomingMessage, rejection: HttpRejection): HttpRejection {
  const version = headerOf(request, 'mcp-protocol-version');
  if (version === undefined || !STATELESS_VERSIONS.includes(version)) return rejection;
  return { code: STATELESS_CODE.gateway, ...rejection, id: rejection.id ?? undefined };
}

export function noteRejection(
  events: GatewayEmitter,
  request: IncomingMessage,
  reason: RejectionReason,
  status: number,
  detail?: string,
): void {
  events.emit('rejected', {
    reason,
    status,
    sessionId: headerOf(request, 'mcp-session-id')?.slice(0, 100),
    remoteAddress: clientAddressOf(request),
    request: rejectedRequest(request),
    ...(detail !== undefined && { detail }),
  });
}

/** The parts of a rejected request that are known from its head. */
export function rejectedRequest(request: IncomingMessage): RejectedRequest {
  const { method, headers } = request;
  const url = sentTargetOf(request);
  const queryStart = url.indexOf('?');
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  return {
    method,
    path: path.slice(0, MAX_NOTED_CHARS),
    host: headers.host?.slice(0, MAX_NOTED_CHARS),
    origin: headers.origin?.slice(0, MAX_NOTED_CHARS),
  };
}

/**
 * Runs a step of answering a request. An exception is a fault of the gateway, or of the program that embeds it, and
 * affects only this request. The client gets 500 without the error; the log gets all of it.
 */
export function answering(
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  step: () => void,
): void {
  try {
    step();
  } catch (error) {
    reject(events, request, response, internalError(error));
    // The answer had begun already: the client must not wait for the rest.
    if (!response.writableEnded) response.destroy();
  }
}

export function internalError(error: unknown, id: RequestId | null = null): HttpRejection {
  return {
    status: 500,
    reason: 'internal_error',
    code: JSON_RPC.internalError,
    message: 'Internal error: the server failed to handle this request. Its log says why.',
    id,
    detail: (error instanceof Error ? error.stack : undefined) ?? messageOf(error),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  answered(response, { answer: body });
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** One header's value. Node returns an array only for headers that may be repeated. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
