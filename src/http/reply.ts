/** The plain answers: a status with a JSON-RPC error that says what was wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayEmitter, RejectionReason } from '../events.js';
import { errorResponse, JSON_RPC } from '../session/json-rpc-error.js';
import type { RequestId } from '../shared/frames.js';
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
}

/** Refuses a request: the status, a JSON-RPC error with the sentence, and an event. */
export function reject(
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
  rejection: Rejection,
): void {
  const { status, reason, message, code = JSON_RPC.serverError, id = null, headers } = rejection;
  noteRejection(events, request, reason, status);
  sendJson(response, status, errorResponse(id, code, message, { reason }), {
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
): void {
  const sessionId = headerOf(request, 'mcp-session-id')?.slice(0, 100);
  events.emit('rejected', { reason, status, sessionId, remoteAddress: request.socket.remoteAddress });
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
