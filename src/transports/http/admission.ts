/** Requests that a gate refuses, before any compartment is touched for them, and what those that are served take with them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate, GateRefusal } from '../../auth/gate.js';
import type { RulesGate } from '../../auth/rules/rules-gate.js';
import type { Visitor } from '../../auth/visitor.js';
import type { ClientMessage, ClientRequest } from '../../protocol/client-message.js';
import { rejectionResponse } from '../../protocol/rejection.js';
import { LIST_KINDS, LIST_METHODS } from '../../shared/list-methods.js';
import type { RequestTrace } from '../../shared/request-trace.js';
import type { Era } from '../../shared/session-context.js';
import type { AuditedRequest, AuditLog } from '../../telemetry/audit/audit-log.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { follow } from './followed-requests.js';
import { noteRejection, reject, sendJson } from './reply.js';

export interface AdmissionOptions {
  /** `undefined`: everything is served, and nothing of it is recorded. */
  readonly gate: Gate | undefined;
  readonly rules: RulesGate;
  /** `undefined`: there is no audit log. */
  readonly audit: AuditLog | undefined;
  readonly events: GatewayEmitter;
}

/** To what the requests of one POST are sent. */
export interface Admitted {
  readonly visitor: Visitor;
  readonly server: string;
  readonly era: Era;
  readonly sessionId: string | undefined;
  /** What names the session in the stateless era. */
  readonly handle?: string | undefined;
  readonly batch: boolean;
  /** All messages of the POST, the requests among them. */
  readonly messages?: readonly ClientMessage[];
  /** Answers a request that is refused with a JSON-RPC error, where its POST is not answered with that. */
  readonly refuse?: (request: ClientRequest, body: string) => void;
}

const LISTS: ReadonlySet<string> = new Set(LIST_KINDS.flatMap((kind) => LIST_METHODS[kind]));

/**
 * The requests, if all of them may be served. Otherwise `undefined`, and the POST is answered: with the status of the first
 * refusal, or with a JSON-RPC error for each request over 200.
 */
export function admitted(
  parts: AdmissionOptions,
  request: IncomingMessage,
  response: ServerResponse,
  requests: readonly ClientRequest[],
  to: Admitted,
): readonly ClientRequest[] | undefined {
  const { gate } = parts;
  if (gate === undefined) return requests;
  const judged: Judged[] = [];
  for (const asked of requests) {
    const { refusal, dryRun } = judge(gate, parts.events, asked, to);
    if (refusal !== undefined) {
      for (const one of requests) parts.audit?.refused(audited(one, to), refusal);
      refuse(parts, request, response, requests, asked, refusal, to);
      return undefined;
    }
    judged.push({ asked, dryRun });
  }
  const flood = floodIn(gate, requests, to);
  if (flood !== undefined) {
    reject(parts.events, request, response, flood);
    return undefined;
  }
  const traces: RequestTrace[] = [];
  const served: ClientRequest[] = [];
  for (const { asked, dryRun } of judged) {
    const trace = parts.audit?.begin(audited(asked, to), dryRun);
    if (trace === 'failed') {
      for (const begun of traces) begun.finished({ failure: 'error', reason: UNRECORDED.reason });
      refuse(parts, request, response, requests, asked, unrecorded(asked), to);
      return undefined;
    }
    if (trace !== undefined) traces.push(trace);
    const view = LISTS.has(asked.method) ? parts.rules.view(to.visitor, to.server) : undefined;
    served.push(
      trace === undefined && view === undefined
        ? asked
        : { ...asked, ...(trace !== undefined && { trace }), ...(view !== undefined && { view }) },
    );
  }
  follow(response, traces);
  return served;
}

/** Whether the session has never existed, is gone, or belongs to somebody else. */
export function auditUnknownSession(
  audit: AuditLog | undefined,
  { principal, address }: Visitor,
  server: string,
  sessionId: string,
): void {
  audit?.refusedUnread(
    { identity: principal.identity, address, server, sessionId },
    { reason: 'session_unknown' },
  );
}

interface Judged {
  readonly asked: ClientRequest;
  readonly dryRun: GateRefusal | undefined;
}

/** Notifications and responses have no answer of their own, so the whole POST is refused. */
function floodIn(
  gate: Gate,
  requests: readonly ClientRequest[],
  { visitor, messages = requests }: Admitted,
): GateRefusal | undefined {
  if (messages.length === requests.length) return undefined;
  const bodies = messages.filter(({ kind }) => kind !== 'request').map(({ body }) => body);
  return gate.accept?.({ visitor, bodies });
}

function judge(
  gate: Gate,
  events: GatewayEmitter,
  { method, tool, body }: ClientRequest,
  { visitor, server, era, sessionId }: Admitted,
): { readonly refusal: GateRefusal | undefined; readonly dryRun: GateRefusal | undefined } {
  let dryRun: GateRefusal | undefined;
  const refusal = gate.admit({
    visitor,
    server,
    era,
    sessionId,
    method,
    tool,
    chars: body.length,
    body,
    wouldRefuse: (found) => {
      dryRun = found;
    },
  });
  events.emit('request-judged', { identity: visitor.principal.identity, reason: refusal?.reason });
  return { refusal, dryRun };
}

function audited({ method, tool, body }: ClientRequest, to: Admitted): AuditedRequest {
  const { visitor, server, era, sessionId, handle } = to;
  const { identity } = visitor.principal;
  return { identity, address: visitor.address, server, era, sessionId, handle, method, tool, body };
}

const UNRECORDED = {
  reason: 'audit_failed',
  message: 'The gateway must record each request, and cannot at the moment. Call again later.',
} as const;

/** `initialize` is tried again after 503; of any other status than 200, clients show the model no message. */
function unrecorded({ method }: ClientRequest): GateRefusal {
  return { ...UNRECORDED, status: method === 'initialize' ? 503 : 200 };
}

function refuse(
  { events }: AdmissionOptions,
  request: IncomingMessage,
  response: ServerResponse,
  requests: readonly ClientRequest[],
  refused: ClientRequest,
  refusal: GateRefusal,
  { batch, refuse: answer }: Admitted,
): void {
  const { status, reason } = refusal;
  if (status !== 200) return reject(events, request, response, { ...refusal, id: refused.replyId });
  noteRejection(events, request, reason, status);
  const errors = requests.map(({ replyId: id }) => rejectionResponse({ ...refusal, id }));
  if (answer === undefined)
    return sendJson(response, status, batch ? `[${errors.join(',')}]` : (errors[0] ?? ''), refusal.headers);
  requests.forEach((one, index) => {
    answer(one, errors[index] ?? '');
  });
  response.writeHead(202, refusal.headers).end('Accepted');
}
