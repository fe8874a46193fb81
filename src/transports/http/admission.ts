/** Requests that a gate refuses, before any compartment is touched for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate, GateRefusal } from '../../auth/gate.js';
import type { Visitor } from '../../auth/visitor.js';
import type { ClientMessage, ClientRequest } from '../../protocol/client-message.js';
import { rejectionResponse } from '../../protocol/rejection.js';
import type { Era } from '../../shared/session-context.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { noteRejection, reject, sendJson } from './reply.js';

export interface AdmissionOptions {
  readonly gate: Gate;
  readonly events: GatewayEmitter;
}

/** To what the requests of one POST are sent. */
export interface Admitted {
  readonly visitor: Visitor;
  readonly server: string;
  readonly era: Era;
  readonly sessionId: string | undefined;
  readonly batch: boolean;
  /** All messages of the POST, the requests among them. */
  readonly messages?: readonly ClientMessage[];
  /** How the client is told of a refusal over 200, if not by the response to its POST. */
  readonly tell?: (refusal: GateRefusal) => void;
}

/**
 * Whether all of the requests may be served. Otherwise the POST is answered: with the status of the first refusal, or with a
 * JSON-RPC error for each request over 200.
 */
export function admitted(
  { gate, events }: AdmissionOptions,
  request: IncomingMessage,
  response: ServerResponse,
  requests: readonly ClientRequest[],
  { visitor, server, era, sessionId, batch, messages = requests, tell }: Admitted,
): boolean {
  let refusal: GateRefusal | undefined;
  let refused: ClientRequest | undefined;
  for (const asked of requests) {
    const { method, tool, body } = asked;
    refusal = gate.admit({ visitor, server, era, sessionId, method, tool, chars: body.length, body });
    refused = asked;
    if (refusal !== undefined) break;
  }
  if (refusal === undefined || refused === undefined) {
    if (messages.length === requests.length) return true;
    const bodies = messages.filter(({ kind }) => kind !== 'request').map(({ body }) => body);
    const flood = gate.accept?.({ visitor, bodies });
    if (flood !== undefined) reject(events, request, response, flood);
    return flood === undefined;
  }
  const { status, reason } = refusal;
  if (status !== 200) {
    reject(events, request, response, { ...refusal, id: refused.replyId });
    return false;
  }
  noteRejection(events, request, reason, status);
  if (tell !== undefined) {
    tell(refusal);
    response.writeHead(202).end('Accepted');
    return false;
  }
  const errors = requests.map(({ replyId: id }) => rejectionResponse({ ...refusal, id }));
  sendJson(response, status, batch ? `[${errors.join(',')}]` : (errors[0] ?? ''), refusal.headers);
  return false;
}
