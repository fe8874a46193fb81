/** Requests that a gate refuses, before any compartment is touched for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate, GateRefusal } from '../../auth/gate.js';
import type { Visitor } from '../../auth/visitor.js';
import type { ClientRequest } from '../../protocol/client-message.js';
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
  { visitor, server, era, sessionId, batch }: Admitted,
): boolean {
  let refusal: GateRefusal | undefined;
  let refused: ClientRequest | undefined;
  for (const asked of requests) {
    const { method, tool, body } = asked;
    refusal = gate.admit({ visitor, server, era, sessionId, method, tool, chars: body.length });
    refused = asked;
    if (refusal !== undefined) break;
  }
  if (refusal === undefined || refused === undefined) return true;
  const { status, reason } = refusal;
  if (status !== 200) {
    reject(events, request, response, { ...refusal, id: refused.replyId });
    return false;
  }
  noteRejection(events, request, reason, status);
  const errors = requests.map(({ replyId: id }) => rejectionResponse({ ...refusal, id }));
  sendJson(response, status, batch ? `[${errors.join(',')}]` : (errors[0] ?? ''), refusal.headers);
  return false;
}
