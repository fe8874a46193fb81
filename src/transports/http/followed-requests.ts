/**
 * Requests that somebody follows to their end, and that may be answered with their POST: where a session or a compartment has
 * taken one, it tells of the end itself.
 */
import type { ServerResponse } from 'node:http';
import type { RequestEnd, RequestTrace } from '../../shared/request-trace.js';

const followed = new WeakMap<ServerResponse, readonly RequestTrace[]>();

/** The response may be the answer of these requests. */
export function follow(response: ServerResponse, traces: readonly RequestTrace[]): void {
  if (traces.length > 0) followed.set(response, traces);
}

/** They are answered with the response, unless they were answered before. */
export function answered(response: ServerResponse, end: RequestEnd): void {
  const traces = followed.get(response);
  if (traces === undefined) return;
  followed.delete(response);
  for (const trace of traces) trace.finished(end);
}
