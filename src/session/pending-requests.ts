/**
 * The requests of one session that have not been answered: their limit, their heartbeats, and every way in which they
 * end.
 */

import type { ResponseStream } from '../delivery/outbox.js';
import type { ClientRequest } from '../protocol/client-message.js';
import { type ErrorReason, errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import { type Rejection, rejectionResponse } from '../protocol/rejection.js';
import { Deadline } from '../shared/deadline.js';
import type { RequestId } from '../shared/request-id.js';
import type { RequestEnd } from '../shared/request-trace.js';
import type { SessionContext } from '../shared/session-context.js';
import { ShortMap } from '../shared/short-map.js';
import { STATELESS_CODE } from '../shared/stateless-protocol.js';
import type { CancelReason, GatewayEvents } from '../telemetry/events.js';
import type { RequestSnapshot } from '../telemetry/snapshot.js';
import type { CallCheck } from './compartments/compartment.js';
import { PendingRequest, type RequestedSession } from './pending-request.js';
import type { SharedBySessions } from './session-owner.js';
import type { SessionUse } from './session-use.js';

/** How a request ended, as its event says; empty after a success. */
export type RequestOutcome = Partial<
  Pick<GatewayEvents['request-finished'][0], 'failure' | 'reason' | 'message' | 'stack'>
> &
  Pick<RequestEnd, 'answer' | 'isParked'>;

/** The session, as its pending requests see it. */
export interface PendingRequestsOwner extends RequestedSession {
  readonly context: SessionContext;
  /** A request is over and no longer pending. */
  onFinished(): void;
  /** The handler of this request must stop. */
  onCancelled(id: RequestId, why: string): void;
  /** Gives a stream the gateway's own answer to a request. */
  answer(stream: ResponseStream, body: string, id: RequestId): void;
}

export class PendingRequests {
  readonly #owner: PendingRequestsOwner;
  readonly #shared: SharedBySessions;
  readonly #pending = new ShortMap<RequestId, PendingRequest>();
  #total = 0;
  #lastFinished: RequestId | undefined;
  #heldChars = 0;

  constructor(owner: PendingRequestsOwner, shared: SharedBySessions) {
    this.#owner = owner;
    this.#shared = shared;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Characters of those that wait for their check. */
  get heldChars(): number {
    return this.#heldChars;
  }

  /** The last request that was answered. A late cancellation of it has crossed with its answer. */
  get lastFinished(): RequestId | undefined {
    return this.#lastFinished;
  }

  /** How many requests have ever been added. */
  get total(): number {
    return this.#total;
  }

  get(id: RequestId | undefined): PendingRequest | undefined {
    return id === undefined ? undefined : this.#pending.get(id);
  }

  all(): PendingRequest[] {
    return this.#pending.values();
  }

  snapshot(): RequestSnapshot[] {
    return this.all().map((pending) => pending.snapshot());
  }

  /**
   * Why a request cannot be accepted, or `undefined`.
   * @param runs whether a handler of an earlier request with this id still runs. That request is over for its client,
   *   but the kill ladder still knows it by this id.
   * @param full whether the session's thread already has too much to read
   */
  rejection(
    { id, replyId }: ClientRequest,
    runs: boolean,
    full: boolean,
  ):
    | Rejection<ErrorReason & ('duplicate_id' | 'request_limit' | 'thread_wait' | 'quota_exceeded')>
    | undefined {
    if (this.#pending.has(id) || runs) {
      const message = `Request id ${JSON.stringify(id)} is in flight already. Give each request an id of its own.`;
      return { reason: 'duplicate_id', message, code: JSON_RPC.invalidRequest, id: replyId };
    }
    const limit = this.#shared.options.maxRequestsPerSession;
    if (this.#pending.size < limit && !full) {
      const { context } = this.#owner;
      // In the stateless era that was asked before there was a compartment; what it is asked now may be the gateway's own.
      const excess = context.era === 'session' ? this.#use?.requestRejection(context) : undefined;
      return excess && { ...excess, id: replyId };
    }
    if (full) {
      const message =
        'This session has been sent more than its server has read. Wait for a call to finish and call again, or send less.';
      return { reason: 'thread_wait', message, id: replyId };
    }
    const message = `This session is at its limit of requests in flight (max-requests-per-session is ${limit}). Wait for one to finish and call again.`;
    return { reason: 'request_limit', message, id: replyId };
  }

  add(request: ClientRequest, stream: ResponseStream): PendingRequest {
    const key = request.stateless ? String(request.id) : this.#shared.newRequestKey();
    const pending = new PendingRequest(request, key, stream);
    this.#total += 1;
    this.#shared.totals.requestsInFlight += 1;
    this.#use?.onRequest(this.#owner.context);
    this.#pending.set(request.id, pending);
    this.#shared.events.emit('request-started', pending.facts(this.#owner.context));
    if (stream.streaming) this.#startHeartbeat(pending);
    return pending;
  }

  /**
   * From now on the messages of this stream are sent as they come. Its requests may be silent for long, so their
   * heartbeats start.
   */
  streaming({ requestIds }: ResponseStream): void {
    for (const id of requestIds) {
      const pending = this.#pending.get(id);
      if (pending !== undefined) this.#startHeartbeat(pending);
    }
  }

  /** Takes the first step of the kill ladder. The client gets an error. */
  cancel(pending: PendingRequest, reason: CancelReason, why: string): void {
    this.#shared.events.emit('request-cancelled', { ...pending.facts(this.#owner.context), reason });
    this.#owner.onCancelled(pending.request.id, why);
    this.fail(pending, JSON_RPC.serverError, `The request was cancelled: ${why}.`, 'cancelled');
  }

  /**
   * Nobody receives this request's answer any more: it is cancelled, after the grace if the client may still resume the
   * stream.
   */
  unheard(pending: PendingRequest, graceMs: number): void {
    if (graceMs === 0) {
      pending.stream.end();
      return this.cancel(pending, 'disconnect', 'its client closed the connection');
    }
    pending.resumeDeadline?.clear();
    pending.resumeDeadline = new Deadline(graceMs, () =>
      this.cancel(pending, 'resume_expired', `its client did not come back within ${graceMs} ms`),
    );
  }

  /** The client has resumed the stream of this request. */
  resumed(id: RequestId): void {
    const pending = this.#pending.get(id);
    pending?.resumeDeadline?.clear();
    // The client counts how often its streams break until it receives something.
    pending?.beat(this.#owner);
  }

  /** Answers a request with an error of the gateway. */
  fail(pending: PendingRequest, sessionCode: number, message: string, reason: ErrorReason): void {
    const { request, stream, key } = pending;
    const isOwn = sessionCode === JSON_RPC.serverError;
    // The stateless era leaves no range of codes to servers.
    const code = isOwn && request.stateless ? STATELESS_CODE.gateway : sessionCode;
    const body = errorResponse(request.replyId, code, message, { reason, requestKey: key });
    const failure = reason === 'cancelled' ? reason : String(code);
    this.finish(pending, { failure, reason, message, answer: body });
    this.#owner.answer(stream, body, request.id);
  }

  /**
   * A request waits for its check. Then it goes on, or is answered as its transport would have done, had it known.
   * @param goOn not called if it has been cancelled meanwhile
   */
  async checked(pending: PendingRequest, check: ReturnType<CallCheck>, goOn: () => void): Promise<void> {
    const { request, stream } = pending;
    this.#heldChars += request.body.length;
    pending.held = true;
    const rejection = await check;
    pending.held = false;
    this.#heldChars -= request.body.length;
    if (this.#pending.get(request.id) !== pending) return;
    if (rejection === undefined) {
      stream.mayStream();
      return goOn();
    }
    const failure = String(rejection.code);
    const answer = rejectionResponse(rejection);
    this.finish(pending, { failure, reason: rejection.reason, message: rejection.message, answer });
    stream.send(answer, request.id, 0, failure);
  }

  /** The same for those of these ids that are pending. */
  failAll(ids: Iterable<RequestId>, code: number, message: string, reason: ErrorReason): void {
    for (const id of ids) {
      const pending = this.#pending.get(id);
      if (pending !== undefined) this.fail(pending, code, message, reason);
    }
  }

  /** The server or the gateway has answered the request. */
  finish(pending: PendingRequest, outcome: RequestOutcome): void {
    const { failure, reason, message, stack } = outcome;
    pending.request.trace?.finished(outcome);
    pending.settle();
    if (this.#pending.delete(pending.request.id)) {
      this.#shared.totals.requestsInFlight -= 1;
      this.#use?.onRequestOver(this.#owner.context);
    }
    this.#lastFinished = pending.request.id;
    this.#shared.events.emit('request-finished', {
      context: this.#owner.context,
      key: pending.key,
      method: pending.request.method,
      tool: pending.request.tool,
      durationMs: pending.ageMs,
      failure,
      reason,
      message,
      stack,
    });
    this.#owner.onFinished();
  }

  /** Whoever speaks over the gateway's own streams is no consumer of it. */
  get #use(): SessionUse | undefined {
    return this.#owner.context.transport === 'stdio' ? undefined : this.#shared.use;
  }

  #startHeartbeat(pending: PendingRequest): void {
    pending.startHeartbeat(this.#shared.options.progressHeartbeatMs, this.#owner);
  }
}
