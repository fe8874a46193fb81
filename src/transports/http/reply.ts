/** The plain answers: a status with a JSON-RPC error that says what was wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorResponse, JSON_RPC } from '../../protocol/json-rpc-error.js';
import { messageOf } from '../../shared/errors.js';
import type { RequestId } from '../../shared/request-id.js';
import type { GatewayEmitter, RefusedRequest, RejectionReason } from '../../telemetry/events.js';
import { refusalHeaders } from './staged-close.js';

/** What a client that is told to come back should wait, in seconds; Claude Code has its own idea. */
export const RETRY_AFTER_SECONDS = 2;

export interface Rejection {
  readonly status: number;
  readonly reason: RejectionReason;
  readonly message: string;
  /** `-32000` unless said otherwise. */
  readonly code?: number;
  readonly id?: RequestId | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** What went wrong, for the log alone. */
  readonly detail?: string;
}

/** RFC 9112, section 3.2 */
export const SECOND_HOST: Rejection = {
  status: 400,
  reason: 'malformed_http',
  message: 'Bad Request: it has more than one Host header',
};

/** What of a refused request goes into events and log lines, in characters of each part. */
const MAX_NOTED_CHARS = 200;

/** Refuses a request: the status, a JSON-RPC error with the sentence, and an event. */
export function reject(
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  rejection: Rejection,
): void {
  const { status, reason, message, code = JSON_RPC.serverError, id = null, headers, detail } = rejection;
  noteRejection(events, request, reason, status, detail);
  sendJson(response, status, errorResponse<RejectionReason>(id, code, message, { reason }), {
    ...headers,
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
    ...refusalHeaders(request),
  });
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
    remoteAddress: request.socket.remoteAddress,
    request: refusedRequest(request),
    ...(detail !== undefined && { detail }),
  });
}

/** What a refused request was, as far as its head tells. */
export function refusedRequest({ method, url = '', headers }: IncomingMessage): RefusedRequest {
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
 * Runs a step of answering a request. What it throws is a fault of the gateway's or of what it is embedded in: it costs this
 * request and nothing else. The client gets 500 and no word of the error, the log all of it.
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
    // It was being answered already: the client must not wait for the rest.
    if (!response.writableEnded) response.destroy();
  }
}

export function internalError(error: unknown, id: RequestId | null = null): Rejection {
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
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** One header's value; of a repeated one Node makes a list only where that is allowed. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
