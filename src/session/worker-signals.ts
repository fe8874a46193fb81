/**
 * What comes from a session's worker: the messages of its server, and what happens to the worker itself. The first
 * message is the answer to `initialize`, or the reason why there is none.
 */

import type { Outbox, ResponseStream } from '../delivery/outbox.js';
import type { IntroducedClient, SessionWorker, WorkerExit } from '../isolation/worker.js';
import { type ClientRequest, needsSignOfLife } from '../protocol/client-message.js';
import { type ErrorReason, JSON_RPC } from '../protocol/json-rpc-error.js';
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { BulkheadError } from '../shared/errors.js';
import type { InputRequiredFrame, ListsFrame, SendFrame } from '../shared/frames/from-worker.js';
import type { HandleTools } from '../shared/handle-tools.js';
import { LIST_KINDS, type ListKind, listChangedMethod } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import { STATELESS_CODE, STATELESS_VERSION } from '../shared/stateless-protocol.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { CachedResponses } from './cached-responses.js';
import { ownerKeyOf } from './compartments/request-compartments.js';
import { gapNotices, notification } from './gap-notices.js';
import { KeptStart } from './kept-start.js';
import type { ParkedCallOwner } from './parked-calls.js';
import type { PendingRequest } from './pending-request.js';
import type { PendingRequests } from './pending-requests.js';
import type { Presence } from './presence.js';
import { boundRequest } from './request-state.js';
import { ServerRequests } from './server-requests.js';
import type { SessionOwner } from './session-owner.js';
import { type FailedStart, refusedByServer, unstartable } from './session-start.js';
import type { SessionTotals } from './session-totals.js';
import type { SleepTimer } from './sleep-timer.js';
import { type BindingOwner, WorkerBinding } from './worker-binding.js';

/** Why there is no worker, by the code of the error; `no_thread` for others. */
const REASON_OF: Readonly<Record<string, (EndReason & ErrorReason) | undefined>> = {
  ERR_BULKHEAD_QUOTA: 'quota_exceeded',
  ERR_BULKHEAD_SECRET: 'no_secret',
};

/** Ends of a session that has not been started, because its client does not wait any more. */
const GIVEN_UP: ReadonlySet<EndReason> = new Set(['abandoned', 'stream_closed']);

export interface SignalledSession extends ParkedCallOwner {
  readonly context: SessionContext;
  answer(stream: ResponseStream, body: string, id: RequestId): void;
  renew(changed: readonly ListKind[]): void;
  /** Its worker has been set up. */
  onReady(): void;
  /** A request is over. */
  onFinished(): void;
  end(reason: EndReason): Promise<void>;
}

/** The parts of the session that its worker's signals go to. */
export interface SessionCollaborators {
  readonly pending: PendingRequests;
  readonly presence: Presence;
  readonly sleep: SleepTimer;
  readonly outbox: Outbox;
  readonly cached: CachedResponses;
}

export class WorkerSignals<Session extends SignalledSession> implements BindingOwner {
  readonly binding: WorkerBinding;
  /** What the handler of the last request has left behind, as Node names it; `undefined`: nothing. */
  left: readonly string[] | undefined;
  /** What the server has asked its client. */
  readonly serverRequests = new ServerRequests();
  readonly #session: Session;
  readonly #owner: SessionOwner<Session>;
  readonly #pending: PendingRequests;
  readonly #presence: Presence;
  readonly #sleep: SleepTimer;
  readonly #outbox: Outbox;
  readonly #cached: CachedResponses;
  /** `initialize`, while the worker has to answer it. */
  #start: ClientRequest | undefined;
  /** Set if it goes on without its client. */
  #kept: KeptStart | undefined;
  /** Set if the session's own server has answered `initialize`. */
  #declared: DeclaredNotifications | undefined;

  constructor(session: Session, owner: SessionOwner<Session>, collaborators: SessionCollaborators) {
    this.#session = session;
    this.#owner = owner;
    this.#pending = collaborators.pending;
    this.#presence = collaborators.presence;
    this.#sleep = collaborators.sleep;
    this.#outbox = collaborators.outbox;
    this.#cached = collaborators.cached;
    this.binding = new WorkerBinding(this);
  }

  /** The worker has to answer `initialize`. */
  awaitStart(request: ClientRequest): void {
    this.#start = request;
  }

  /** Whether `initialize` waits for an answer of the worker. */
  get starting(): boolean {
    return this.#start !== undefined;
  }

  /** The parameters of the client's `initialize`. */
  get introduction(): unknown {
    const { replay } = this.binding;
    if (replay.introduced) return JSON.parse(replay.introduction);
    return this.#start?.params;
  }

  get versionOfAnswers(): string {
    return this.context.era === 'stateless' ? STATELESS_VERSION : this.context.protocolVersion;
  }

  /** Whether requests of the stateless era wait for a worker, which then says so to their streams. */
  get unready(): boolean {
    if (this.context.era !== 'stateless') return false;
    const { state } = this.binding;
    return state === 'asleep' || state === 'waking';
  }

  /** Whether this is the `initialize` that waits. */
  isStart(id: RequestId): boolean {
    return this.#start !== undefined && this.#start.id === id;
  }

  /**
   * The client has given up, so the session ends. If the worker has not answered `initialize`, it stays until later
   * sessions can do without its answer.
   */
  keepStart(reason: EndReason): KeptStart | undefined {
    if (!GIVEN_UP.has(reason)) return undefined;
    const { keepsStarts, options } = this.#owner;
    if (this.#start === undefined || !this.binding.attached || !keepsStarts || !this.#cached.teaches)
      return undefined;
    this.#kept = new KeptStart(this.#start.id, this.binding, options.startTimeoutMs);
    this.#cached.teach(this.#kept.over);
    this.#owner.onKept(this.#kept);
    const { sessionId, server } = this.context;
    this.#owner.events.emit('notice', {
      level: 'info',
      message:
        'a client gave up before its server had answered initialize; the server is kept until it has, so that later sessions need not wait for it',
      fields: { server, sessionId },
    });
    return this.#kept;
  }

  /** Whether this is an `initialize` that the worker should answer, though its client has given up. */
  keeps(id: RequestId): boolean {
    return this.#kept !== undefined && this.isStart(id);
  }

  /** What the client is told if messages that belong to no request have been lost. */
  gapNotices(): string[] {
    const declared = this.#declared ?? this.#cached.declared;
    return declared === undefined ? [] : gapNotices(declared, this.binding.replay);
  }

  get context(): SessionContext {
    return this.#session.context;
  }

  get handleTools(): HandleTools | undefined {
    return this.context.era === 'stateless' ? this.#owner.options.handleTools : undefined;
  }

  get asks(): boolean {
    return this.serverRequests.open > 0;
  }

  get totals(): SessionTotals {
    return this.#owner.totals;
  }

  acquire(signal: AbortSignal, client: IntroducedClient | undefined): Promise<SessionWorker> {
    const { teaching } = this.#cached;
    if (this.#start !== undefined && teaching !== undefined) return this.#afterLearning(teaching, signal);
    return this.#owner.acquireWorker(this.#session, signal, client, this.#waitedMs);
  }

  /** How long the request has waited for the compartment that was opened for it. */
  get #waitedMs(): number {
    return Math.max(0, ...this.#pending.all().map(({ request }) => request.waitedMs ?? 0));
  }

  childrenGone(worker: SessionWorker): Promise<void> {
    return this.#owner.childrenGone(worker);
  }

  unreadChars(): number {
    return this.#owner.unreadChars();
  }

  onReleased(): void {
    this.#sleep.released();
  }

  onLeaving(): void {
    this.#owner.events.emit('session-sleeps', { context: this.context, reason: 'reload' });
  }

  onStayAwake(): void {
    this.#sleep.refused();
    this.#owner.events.emit('session-stayed-awake', { context: this.context });
  }

  onSend(frame: SendFrame): void {
    if (this.#kept !== undefined) return this.#kept.onSend(frame);
    const { kind, id, relatedTo, body, failure, message, stack, progress, listChanged, topic } = frame;
    const chars = body.length;
    const pending = this.#pending.get(relatedTo);
    if (kind === 'response') {
      if (pending === undefined || relatedTo === undefined) return this.binding.credit(chars);
      const starts = this.#start?.id === relatedTo;
      if (starts && failure !== undefined) {
        this.binding.credit(chars);
        return this.#startFailed(refusedByServer(body, failure), pending);
      }
      this.left = frame.left;
      if (failure === undefined) this.binding.replay.answered(pending.request);
      this.#pending.finish(pending, { failure, message, stack, answer: body });
      pending.stream.send(body, relatedTo, chars, failure);
      // This may be the last connection of the session.
      this.#presence.check();
      if (starts) this.#started(pending.request, frame.declared);
      return;
    }
    // Nobody reads what belongs to a request that has been answered or cancelled.
    const orphaned = relatedTo !== undefined && pending === undefined;
    if (kind === 'request' && id !== undefined) {
      const rejection = this.serverRequests.ask(id, orphaned);
      if (rejection !== undefined) {
        this.binding.reply(rejection);
        return this.binding.credit(chars);
      }
    }
    if (listChanged) this.#cached.listsChanged();
    if (topic !== undefined) {
      const { context } = this;
      if (context.era === 'stateless') this.#owner.announcements?.onChanged(context, topic);
      return this.binding.credit(chars);
    }
    if (kind === 'notification' && id !== undefined) this.serverRequests.answered(id);
    if (progress !== undefined && pending?.toolReported(progress) === false)
      return this.binding.credit(chars);
    if (orphaned) return this.binding.credit(chars);
    (pending?.stream ?? this.#outbox.standalone).send(body, undefined, chars);
  }

  onInputRequired({ requestId, before, after }: InputRequiredFrame): void {
    const chars = before.length + (after?.length ?? 0);
    const pending = this.#pending.get(requestId);
    // Its client is gone, and its handler cancelled; or a module has made up the frame.
    if (pending?.request.stateless !== true) return this.binding.credit(chars);
    if (after === undefined) {
      const failure = String(STATELESS_CODE.missingCapability);
      this.#pending.finish(pending, { failure, answer: before });
      pending.stream.send(before, requestId, chars, failure);
      return this.#session.onAbandoned(pending.key, 'its client cannot answer what it asks');
    }
    const { request, stream } = pending;
    const { context } = this.#session;
    const { server, principal, affinity } = context;
    const sharedBy = affinity === 'request' ? ownerKeyOf(context) : principal;
    const bound = boundRequest({ server, principal, sharedBy }, request.method, request.body);
    const state = this.#owner.parked.park(pending.facts(context), bound, this.#session);
    if (typeof state === 'string') {
      this.#pending.finish(pending, { isParked: true });
      return stream.send(`${before}${JSON.stringify(state)}${after}`, requestId, chars);
    }
    this.binding.credit(chars);
    this.#outbox.rejected(state.reason);
    this.#pending.fail(pending, JSON_RPC.serverError, state.message, state.reason);
    this.#session.onAbandoned(pending.key, 'it cannot wait for its client');
  }

  onLists(frame: ListsFrame): void {
    if (this.binding.state === 'ending' && this.#kept === undefined) return;
    const { headerParams } = this.#owner;
    if (this.context.era === 'stateless') headerParams.learn(frame.tools, frame.headerParams);
    else if (!frame.afterCall) headerParams.presume(frame.headerParams);
    this.tell(this.#cached.learn(frame));
    this.#kept?.stop();
  }

  /** Tells the client that lists have changed which it has been given. */
  tell(kinds: readonly ListKind[]): void {
    const declared = this.#declared ?? this.#cached.declared;
    for (const kind of kinds) {
      // A client that was not told to expect it may treat it as an error (2025-11-25, Lifecycle, "Operation").
      if (declared?.[kind] === true)
        this.#outbox.standalone.send(notification(listChangedMethod(kind)), undefined, 0);
    }
  }

  onClaimed(wakeMs: number, declared: DeclaredNotifications | undefined): void {
    const { context } = this;
    if (context.era === 'stateless') {
      if (declared !== undefined) this.#owner.announcements?.onDeclared(declared);
      for (const { stream, request, held } of this.#pending.all())
        if (needsSignOfLife(request) && !held) stream.mayStream();
    }
    this.#sleep.start();
    this.#owner.onWorker(this.#session, true);
    this.#owner.events.emit('session-woke', { context: this.#session.context, wakeMs });
    this.#pending.get(this.#start?.id)?.stream.mayStream();
    this.#session.onReady();
  }

  onToolsLost(tools: readonly string[]): void {
    this.#owner.use?.onToolsLost(this.context, tools);
  }

  onWorkerGone(exit: WorkerExit, lost: ReadonlySet<RequestId>, often: boolean): void {
    this.#sleep.stop();
    this.#owner.onWorker(this.#session, false);
    this.serverRequests.clear();
    this.#outbox.voidCredit();
    const lostCalls = this.#owner.parked.lost(
      this.#session,
      `its ${this.#owner.isolation} ended: ${exit.message}`,
    );
    // Nobody comes for them, so their compartment is free, or ends, now.
    if (lostCalls > 0) this.#session.onFinished();
    const starting = this.#pending.get(this.#start?.id);
    if (starting !== undefined) {
      return this.#startFailed(unstartable('failed', exit.message, 'setup_failed', starting), starting);
    }
    const { isolation } = this.#owner;
    const stateless = this.#session.context.era === 'stateless';
    const next = stateless
      ? `Call again if that is safe: the next request has a fresh ${isolation}.`
      : often
        ? 'It has ended more than 3 times within a minute, so the session ends too. Initialize a new session.'
        : `The session continues with a fresh ${isolation}.`;
    const whose = stateless ? 'The' : "This session's";
    const message = `${whose} ${isolation} ended while it served the request: ${exit.message}. ${next}`;
    this.#pending.failAll(lost, JSON_RPC.internalError, message, `thread_${exit.cause}`);
    if (often) void this.#session.end('thread_deaths');
  }

  onVersionLeft(): void {
    this.#session.renew(LIST_KINDS);
  }

  onUnavailable(error: BulkheadError, lost: ReadonlySet<RequestId>): void {
    const { code, message } = error;
    const reason = REASON_OF[code] ?? 'no_thread';
    const starting = this.#pending.get(this.#start?.id);
    if (starting !== undefined) {
      const failed = reason === 'no_secret' || code === 'ERR_BULKHEAD_THREAD_START';
      return this.#startFailed(
        unstartable(failed ? 'failed' : 'no_capacity', message, reason, starting),
        starting,
      );
    }
    this.#pending.failAll(lost, JSON_RPC.serverError, message, reason);
  }

  /** The server has disconnected from its client, as `close()` of a stdio server would: the session cannot continue. */
  onServerClosed(): void {
    this.#kept?.stop();
    const starting = this.#pending.get(this.#start?.id);
    if (starting === undefined) return void this.#session.end('server_closed');
    const message = 'The server closed itself before it had answered initialize.';
    this.#startFailed(unstartable('failed', message, 'server_closed', starting), starting);
  }

  onCloseStream(requestId: RequestId | undefined): void {
    const stream = requestId === undefined ? this.#outbox.standalone : this.#pending.get(requestId)?.stream;
    stream?.closeOnPurpose();
  }

  /** The same server is being started for a client that has given up, and that may answer this one too. */
  async #afterLearning(teaching: Promise<void>, signal: AbortSignal): Promise<SessionWorker> {
    this.#pending.get(this.#start?.id)?.stream.mayStream();
    await teaching;
    signal.throwIfAborted();
    const starting = this.#pending.get(this.#start?.id);
    const known = starting && this.#cached.learned(starting.request);
    if (starting === undefined || known === undefined)
      return this.#owner.acquireWorker(this.#session, signal, undefined);
    const { request, stream } = starting;
    this.#started(request, undefined);
    // If nothing else waits for a worker, the session goes back to sleep.
    this.binding.cancel(request.id, 'initialize was answered without it');
    this.#pending.finish(starting, { failure: known.failure, answer: known.body });
    this.#session.answer(stream, known.body, request.id);
    signal.throwIfAborted();
    return this.#owner.acquireWorker(this.#session, signal, this.binding.replay);
  }

  #started(request: ClientRequest, declared: DeclaredNotifications | undefined): void {
    this.#start = undefined;
    this.#declared = declared;
    this.binding.replay.initialize(request);
  }

  #startFailed(failed: FailedStart, pending: PendingRequest): void {
    this.#start = undefined;
    const { failure, message, reason } = failed;
    // Without a sentence of the gateway, the server has answered, and its code says more.
    this.#pending.finish(pending, { failure, message, ...(message !== undefined && { reason }) });
    pending.stream.fail(failed, pending.request.id);
    void this.#session.end(failed.reason);
  }
}
