/**
 * The main thread's record of one client: its context, its requests in flight, its streams and their event log, and at
 * times a session thread. Record and thread have separate lifetimes. A session without work sleeps, which means that it
 * has no thread. If the thread dies, the record stays, and the next message gets a new thread.
 */

import type { EventCursor } from '../delivery/event-id.js';
import type { Outbox, OutboxOwner, OutboxSource, ResponseStream, StreamLoss } from '../delivery/outbox.js';
import type { StreamConnection } from '../delivery/stream-connection.js';
import {
  type ClientNotification,
  type ClientRequest,
  type ClientResponse,
  isAboutRequest,
  needsSignOfLife,
} from '../protocol/client-message.js';
import { JSON_RPC } from '../protocol/json-rpc-error.js';
import { rejectionResponse } from '../protocol/rejection.js';
import type { AnswerSlot, InitializeParams } from '../servers/cached-answers.js';
import { INITIALIZED, INITIALIZED_NOTIFICATION } from '../shared/initialized.js';
import type { ListKind } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import { STATELESS_CODE, STATELESS_VERSION } from '../shared/stateless-protocol.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { SleepReason } from '../telemetry/events.js';
import type { SessionSnapshot, SessionState } from '../telemetry/snapshot.js';
import { type CachedResponse, CachedResponses } from './cached-responses.js';
import type { CallCheck, Compartment, CompartmentOwner } from './compartments/compartment.js';
import { graceForResponses } from './disconnect-policy.js';
import { EarlyCancels } from './early-cancels.js';
import { type ParkedCallOwner, UNREAD_CONTINUATION } from './parked-calls.js';
import type { PendingRequest } from './pending-request.js';
import { PendingRequests, type PendingRequestsOwner } from './pending-requests.js';
import { Presence, type PresenceOwner } from './presence.js';
import type { SessionOwner } from './session-owner.js';
import { type Sleeper, SleepTimer } from './sleep-timer.js';
import type { WorkerBinding } from './worker-binding.js';
import { WorkerSignals } from './worker-signals.js';

export class Session
  implements OutboxOwner, PendingRequestsOwner, PresenceOwner, ParkedCallOwner, Sleeper, Compartment
{
  readonly #owner: SessionOwner<Session>;
  readonly #signals: WorkerSignals<Session>;
  readonly #binding: WorkerBinding;
  readonly #outbox: Outbox;
  readonly #pending: PendingRequests;
  readonly #presence: Presence;
  #earlyCancels: EarlyCancels | undefined;
  #context: SessionContext;
  readonly #sleep: SleepTimer;
  readonly #cached = new CachedResponses();
  #announced = false;
  /** Reasons why its worker stays although nothing is asked of it. */
  #kept = 0;
  #compartmentOwner: CompartmentOwner | undefined;
  #ended: Promise<void> | undefined;

  constructor(context: SessionContext, owner: SessionOwner<Session>, outboxes: OutboxSource) {
    this.#owner = owner;
    this.#context = context;
    this.#pending = new PendingRequests(this, owner);
    this.#presence = new Presence(this, owner.options);
    this.#sleep = new SleepTimer(this, owner.options.sleepAfterMs);
    this.#outbox = outboxes.outboxFor(this);
    this.#signals = new WorkerSignals<Session>(this, owner, {
      pending: this.#pending,
      presence: this.#presence,
      sleep: this.#sleep,
      outbox: this.#outbox,
      cached: this.#cached,
    });
    this.#binding = this.#signals.binding;
  }

  get id(): string {
    return this.#context.sessionId;
  }

  get context(): SessionContext {
    return this.#context;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  get state(): SessionState {
    return this.#binding.state;
  }

  get waking(): boolean {
    return this.state === 'waking';
  }

  /** How long its thread has had nothing to do; `undefined` if it has no thread that could be taken away. */
  get idleThreadMs(): number | undefined {
    return this.#sleep.idleMs;
  }

  /** When its client was last active; `undefined` while the client is connected, or the session has work. */
  get absentSinceMs(): number | undefined {
    return this.#kept > 0 || this.#binding.working ? undefined : this.#presence.absentSinceMs;
  }

  get used(): boolean {
    return this.#presence.used;
  }

  /** At least one while a call waits for its client to continue it: that keeps the session as well. */
  get requestsInFlight(): number {
    return this.#pending.size === 0 && this.serving ? 1 : this.#pending.size;
  }

  /** Characters of messages that no thread of it has read. */
  get unreadChars(): number {
    return this.#binding.unreadChars + this.#pending.heldChars;
  }

  get initialized(): boolean {
    return this.#announced;
  }

  get connections(): number {
    return this.#outbox.connections;
  }

  get listened(): boolean {
    return this.#outbox.listened;
  }

  get idleMs(): number {
    return this.#presence.idleMs;
  }

  get drowsy(): boolean {
    if (this.#kept > 0 || this.#pending.size > 0) return false;
    return this.#signals.serverRequests.open === 0 && this.#binding.drowsy;
  }

  /** Bytes that a slow reader has not received, at most two for each character. */
  get bufferedBytes(): number {
    return this.#outbox.bufferedChars * 2;
  }

  /**
   * The client's `initialize`. If the session cannot start, the stream gets the reason and the session ends.
   * @param context what is known of the client after `initialize`
   */
  initialize(
    request: ClientRequest,
    context: SessionContext,
    connection: StreamConnection | undefined,
  ): void {
    this.#context = context;
    this.#announced = true;
    this.#owner.events.emit('session-started', { context });
    const stream = this.#outbox.respond([request.id], false, true, connection);
    const known = this.#cached.initialize(request, context.protocolVersion, this.#owner.answers);
    if (known === undefined) {
      this.#signals.awaitStart(request);
      this.#admit(request, stream);
    } else {
      this.#binding.replay.initialize(request);
      this.#answerAsleep(request, stream, known);
    }
  }

  /**
   * The gateway itself has opened the record, for requests of the stateless era: its server is sent this `initialize` when
   * a request needs it.
   * @param owner who is told when requests are over
   */
  adopt(opening: ClientRequest, owner: CompartmentOwner): void {
    this.#compartmentOwner = owner;
    this.#announced = true;
    // A handle is waited for as long as its tool says, whether it has been used or not.
    this.#presence.active();
    this.#owner.events.emit('session-started', { context: this.#context });
    this.#cached.initialize(opening, STATELESS_VERSION, this.#owner.answers);
    this.#binding.replay.initialize(opening);
    this.#binding.replay.initialized(INITIALIZED_NOTIFICATION);
  }

  /** As if a message needed its worker. */
  prepare(): void {
    this.#binding.prepare();
  }

  /** Whether its server has said that its lists have changed. */
  get listsChanged(): boolean {
    return this.#cached.changed;
  }

  get serving(): boolean {
    return this.#binding.serving;
  }

  get teaches(): boolean {
    return this.#binding.attached && this.#cached.teaches;
  }

  /** Whether it has a worker in which nothing runs, and nothing is left of what has run. */
  get clean(): boolean {
    return this.#pending.size === 0 && this.#signals.left === undefined && this.#binding.vacant;
  }

  /**
   * Requests that came together. They are answered on the connection, or on the client's only stream if there is none.
   * @param check what comes before each of them
   */
  request(
    requests: readonly ClientRequest[],
    batch: boolean,
    connection: StreamConnection | undefined,
    check?: CallCheck,
  ): void {
    this.#presence.active();
    const ids = requests.map(({ id }) => id);
    const starting = check !== undefined || this.#signals.unready || !requests.every(needsSignOfLife);
    const stream = this.#outbox.respond(ids, batch, starting, connection);
    for (const request of requests) {
      const rejection = this.#pending.rejection(
        request,
        this.#binding.runs(request.id),
        this.#binding.unreadFull(request.body.length + this.#pending.heldChars),
      );
      if (rejection !== undefined) {
        // A limit of the gateway emits an event, a mistake of the client does not.
        if (rejection.reason !== 'duplicate_id') this.#outbox.rejected(rejection.reason);
        const code = request.stateless ? STATELESS_CODE.gateway : JSON_RPC.serverError;
        const answer = rejectionResponse({ code, ...rejection });
        request.trace?.finished({
          failure: String(rejection.code ?? code),
          reason: rejection.reason,
          answer,
        });
        this.answer(stream, answer, request.id);
        continue;
      }
      const cancelled = this.#earlyCancels?.take(request.id);
      if (cancelled !== undefined) {
        this.#pending.cancel(this.#pending.add(request, stream), 'client', cancelled);
        continue;
      }
      const known = request.stateless ? undefined : this.#cached.request(request, !this.#binding.attached);
      if (known === undefined) this.#admit(request, stream, check);
      else this.#answerAsleep(request, stream, known);
    }
  }

  /** Gives the client's only stream an error for a request that was refused before it came here. */
  refuse({ id }: ClientRequest, body: string): void {
    this.answer(this.#outbox.respond([id], false, false, undefined), body, id);
  }

  /**
   * A client continues a call whose handler waits for it, and which `ParkedCalls.take` has just given back.
   * @param request with the key of the call as its id
   */
  continueCall(request: ClientRequest, connection: StreamConnection): void {
    this.#presence.active();
    const stream = this.#outbox.respond([request.id], false, false, connection);
    const pending = this.#pending.add(request, stream);
    const { body } = request;
    if (!this.#binding.unreadFull(body.length)) return this.#binding.resume(pending.key, body);
    this.#outbox.rejected('thread_wait');
    this.#pending.fail(pending, JSON_RPC.serverError, UNREAD_CONTINUATION, 'thread_wait');
    this.onAbandoned(pending.key, 'its server reads too slowly');
  }

  /** A call that waits for its client is not continued: its handler is cancelled. */
  onAbandoned(key: string, why: string): void {
    this.#binding.cancel(key, why);
    this.#compartmentOwner?.onRequestOver(this);
  }

  /** `false` if the notification could not be accepted, because too much waits for a thread already. */
  notify(notification: ClientNotification): boolean {
    const { method, cancels, body } = notification;
    if (method === INITIALIZED) {
      this.#binding.replay.initialized(body);
      if (!this.#signals.starting) {
        this.#binding.replayed(body);
        return true;
      }
    } else {
      this.#presence.activeInPassing();
    }
    if (cancels !== undefined) {
      const pending = this.#pending.get(cancels.requestId);
      if (pending !== undefined) {
        this.#pending.cancel(pending, 'client', cancels.reason);
      } else if (cancels.requestId !== this.#pending.lastFinished) {
        this.#earlyCancels ??= new EarlyCancels();
        this.#earlyCancels.add(cancels.requestId, cancels.reason);
      }
      return true;
    }
    // It is about a request that does not exist: no reason to wake up.
    if (isAboutRequest(method) && !this.#binding.attached) return true;
    if (this.#binding.full || this.#binding.unreadFull(body.length)) return false;
    this.#binding.message(body);
    return true;
  }

  /** A client's answer to a request of its server. */
  respond(response: ClientResponse): void {
    if (this.#outbox.asked(response.id)) return;
    this.#presence.activeInPassing();
    if (response.id !== undefined && this.#signals.serverRequests.answered(response.id))
      this.#binding.reply(response.body);
    else this.#owner.events.emit('response-unmatched', { context: this.#context });
  }

  /** The client opens the stream for messages that belong to no request. It replaces an earlier one. */
  listen(connection: StreamConnection): void {
    this.#presence.active();
    this.#outbox.listen(connection);
  }

  /** The client resumes a stream that it has lost. */
  resume(cursor: EventCursor, connection: StreamConnection): void {
    this.#presence.active();
    const stream = this.#outbox.resume(cursor, connection);
    for (const id of stream?.requestIds ?? []) this.#pending.resumed(id);
    // If the stream is finished, its replay closes the connection again.
    this.#presence.check();
  }

  /** What this slot has now differs from what sessions were given; those without a worker are told. */
  answersReplaced(slot: AnswerSlot): void {
    if (!this.#binding.attached) this.#signals.tell(this.#cached.replaced(slot));
  }

  /** Another version of its server has taken the place of the one that its worker runs. */
  leaveVersion(): void {
    this.#binding.renew();
  }

  /**
   * Its client is answered by the new version from now on, and told which lists differ; unless its worker, which runs the
   * earlier one, is its own.
   */
  renew(changed: readonly ListKind[]): void {
    if (this.#ended !== undefined) return;
    const stays = this.#binding.staysBehind;
    const params = this.#signals.introduction;
    const slot =
      stays || params === undefined
        ? undefined
        : this.#owner.answers?.slot(params as InitializeParams, this.#signals.versionOfAnswers);
    this.#cached.renew(slot, stays ? [] : changed);
    if (!stays && this.#announced && !this.#signals.starting) this.#signals.tell(changed);
  }

  /** From now on its worker stays, because somebody listens to what it tells. `letGo` ends that. */
  keep(): void {
    if (this.#ended !== undefined) return;
    if (this.#kept === 0) this.#owner.totals.kept += 1;
    this.#kept += 1;
  }

  /** Nobody listens any more who has called `keep`. */
  letGo(): void {
    if (this.#kept === 0) return;
    this.#kept -= 1;
    if (this.#kept > 0) return;
    this.#owner.totals.kept -= 1;
    this.#presence.touch();
    this.#sleep.released();
  }

  /** Gives the thread back, unless it has work. */
  sleep(reason: SleepReason): void {
    this.#binding.sleep();
    if (this.#binding.state === 'falling_asleep')
      this.#owner.events.emit('session-sleeps', { context: this.#context, reason });
  }

  /** Whether the handler of this request still runs, answered, cancelled or not. */
  runs(requestId: RequestId): boolean {
    return this.#binding.runs(requestId);
  }

  /** Ends its worker as the last step of the kill ladder does; `false` if it has none. The session stays. */
  killWorker(message: string): boolean {
    return this.#binding.kill(message);
  }

  /** Ends the session; does nothing if it has already ended. Resolves when nothing of it is left. */
  end(reason: EndReason): Promise<void> {
    this.#ended ??= this.#end(reason);
    return this.#ended;
  }

  /** Ends it if its time is over. */
  expire(nowMs: number): void {
    const reason = this.#presence.expired(nowMs) ?? this.#compartmentOwner?.expired(this);
    // Somebody listens: it is not idle.
    if (this.#kept > 0 && reason !== 'max_age') return;
    if (reason !== undefined) void this.end(reason);
    else this.#outbox.prune(nowMs);
  }

  snapshot(): SessionSnapshot {
    return {
      context: this.#context,
      state: this.state,
      ageMs: this.#presence.ageMs,
      idleMs: this.#presence.idleMs,
      requests: this.#pending.snapshot(),
      requestsTotal: this.#pending.total,
      streams: this.#outbox.counts(),
      bufferedBytes: this.bufferedBytes,
      thread: this.#binding.snapshot(),
    };
  }

  onFinished(): void {
    this.#presence.touch();
    if (this.#pending.size === 0 && this.#binding.attached) this.#owner.onIdle();
    this.#compartmentOwner?.onRequestOver(this);
  }

  onReady(): void {
    this.#compartmentOwner?.onReady(this);
  }

  onCancelled(id: RequestId, why: string): void {
    if (!this.#signals.keeps(id)) this.#binding.cancel(id, why);
  }

  onAbsent(): void {
    void this.end('disconnect');
  }

  onFlushed(chars: number): void {
    this.#binding.credit(chars);
  }

  onStreaming(stream: ResponseStream): void {
    this.#pending.streaming(stream);
  }

  onLost(stream: ResponseStream, loss: StreamLoss): void {
    if (this.#ended !== undefined) return;
    this.#presence.touch();
    if (loss.final) {
      void this.end('stream_closed');
      return;
    }
    const graceMs = graceForResponses(loss, this.#owner.options);
    for (const id of stream.requestIds) {
      const pending = this.#pending.get(id);
      if (this.#signals.isStart(id)) void this.end('abandoned');
      else if (pending !== undefined) this.#pending.unheard(pending, graceMs);
    }
    this.#presence.check();
  }

  gapNotices(): readonly string[] {
    return this.#signals.gapNotices();
  }

  /** Gives a stream an answer. Its connection may be the last one of the session. */
  answer(stream: ResponseStream, body: string, id: RequestId): void {
    stream.send(body, id, 0);
    this.#presence.check();
  }

  #admit(request: ClientRequest, stream: ResponseStream, check?: CallCheck): void {
    const pending = this.#pending.add(request, stream);
    if (check === undefined) this.#post(pending);
    else void this.#pending.checked(pending, check(this), () => this.#post(pending));
  }

  #post({ request, key }: PendingRequest): void {
    const { id: requestId, tool, method, body, fastPath, stateless, view, trace } = request;
    const operation = tool ?? method;
    this.#binding.request({ requestId, operation, key, body, fastPath, stateless, view, trace });
  }

  #answerAsleep(request: ClientRequest, stream: ResponseStream, { body, failure }: CachedResponse): void {
    this.#pending.finish(this.#pending.add(request, stream), { failure, answer: body });
    this.answer(stream, body, request.id);
  }

  async #end(reason: EndReason): Promise<void> {
    const kept = this.#signals.keepStart(reason);
    while (this.#kept > 0) this.letGo();
    this.#presence.close();
    this.#sleep.stop();
    this.#binding.ending();
    this.#owner.onEnding(this);
    this.#compartmentOwner?.onEnded(this);
    // Every stream of a call carries an answer before it ends; otherwise clients wait forever.
    for (const pending of this.#pending.all())
      this.#pending.cancel(pending, 'session_end', `the session ends (${reason})`);
    this.#owner.parked.lost(this, `its session ended (${reason})`);
    this.#outbox.end();
    if (this.#announced) {
      this.#owner.events.emit('session-ended', {
        context: this.#context,
        reason,
        durationMs: this.#presence.ageMs,
        requests: this.#pending.total,
      });
    }
    await this.#binding.end(reason, kept);
    this.#owner.onGone(this);
  }
}
