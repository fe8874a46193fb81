/** How a session that could not start is answered over HTTP. */
import type { ServerResponse } from 'node:http';
import type { StartFailure } from '../../delivery/start-failure.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { noteRejection, RETRY_AFTER_SECONDS, sendJson } from './reply.js';

const STATUSES: Readonly<Record<StartFailure['outcome'], number>> = {
  // The request was processed, and the server's own error is its answer.
  refused: 200,
  failed: 500,
  no_capacity: 503,
};

/** Answers `initialize`. Only a failure after which the client may try again emits an event. */
export function answerFailedStart(
  events: GatewayEmitter,
  response: ServerResponse,
  { outcome, overQuota = false, body }: StartFailure,
): void {
  const status = STATUSES[outcome];
  if (outcome !== 'no_capacity') return sendJson(response, status, body);
  noteRejection(events, response.req, overQuota ? 'quota_exceeded' : 'thread_wait', status);
  sendJson(response, status, body, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}
