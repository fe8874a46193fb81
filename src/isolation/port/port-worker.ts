/**
 * One session thread as the main thread sees it: its port, its states and the kill ladder.
 *
 * The kill ladder: `cancel` aborts a request's handler and starts its grace (running-requests.ts). `end` aborts
 * everything; what has not settled after the cancel grace is terminated with the thread.
 *
 * The port's `close` event is the one death signal. It comes after an abort, a throw, an unhandled rejection,
 * `process.exit` and an out-of-memory end alike, and only once the thread is really gone. Everything that waits
 * on the thread is settled there, but for one thing: a thread that was told to terminate and is held by a native call
 * is `stuck`, and its session lets go of it at once.
 */
import { performance } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { CODE_CACHES, type CodeCaches } from '../../shared/code-caches.js';
import type { Deadline } from '../../shared/deadline.js';
import type {
  ClaimedFrame,
  ExitedFrame,
  FailedFrame,
  ListsFrame,
  ModuleTraits,
  OverMemoryFrame,
  ReadyFrame,
  SendFrame,
} from '../../shared/frames/from-worker.js';
import { overLimitMessage } from '../../shared/memory-limits.js';
import type { RequestId } from '../../shared/request-id.js';
import type { ThreadExitCause } from '../../telemetry/events.js';
import type { ThreadSnapshot } from '../../telemetry/snapshot.js';
import { RunningRequests, type RunningRequestsOwner } from '../running-requests.js';
import type { PostedMessage, SessionWorker, WorkerClaim, WorkerExit, WorkerOwner } from '../worker.js';
import { isDoomed, moved, shownState, type WorkerState } from '../worker-states.js';
import { causeOf, failedStart } from './exit-cause.js';
import { ProcessorTime } from './processor-time.js';
import { UnreadMessages } from './unread-messages.js';
import { WorkerEnd } from './worker-end.js';
import type { WorkerConnection, WorkerFacts, WorkerHost } from './worker-host.js';
import { WorkerPort, type WorkerPortOwner } from './worker-port.js';
import {
  type AboutWorker,
  report,
  reportExit,
  reportSlowSleep,
  reportStuck,
  reportUnreadable,
} from './worker-reports.js';
import { WorkerStart, type WorkerStartOwner } from './worker-start.js';
import { WorkerTimers } from './worker-timers.js';

/** A thread that can be interrupted is gone within milliseconds. Past this its session no longer waits for it. */
const LET_GO_AFTER_MS = 250;
/** A native call that does not return (a synchronous read of a pipe, say) can't be interrupted. */
const STUCK_AFTER_MS = 5_000;

export class PortWorker implements SessionWorker, WorkerPortOwner, WorkerStartOwner, RunningRequestsOwner {
  readonly id: number;
  /** Resolves when the thread is gone. */
  readonly gone: Promise<WorkerExit>;
  readonly requests: RunningRequests;

  readonly #host: WorkerHost<PortWorker>;
  readonly #connection: WorkerConnection;
  readonly #end: WorkerEnd;
  readonly #startedMs = performance.now();
  readonly #port: WorkerPort;
  readonly #timers = new WorkerTimers();
  readonly #start: WorkerStart;
  #state: WorkerState = 'starting';
  #owner: WorkerOwner | undefined;
  #worker: Worker | undefined;
  #memory = { usedBytes: 0, heapBytes: 0 };
  #facts: WorkerFacts | undefined;
  #introduction: string | undefined;
  #lists: ListsFrame | undefined;
  readonly #unread: UnreadMessages;
  readonly #processorTime: ProcessorTime;
  held = false;
  #sleepDeadline: Deadline | undefined;
  #codeCaches: ((caches: CodeCaches) => void) | undefined;
  #markGone: (exit: WorkerExit) => void = () => {};

  constructor(id: number, connection: WorkerConnection, host: WorkerHost<PortWorker>) {
    this.id = id;
    this.#host = host;
    this.#connection = connection;
    this.#end = new WorkerEnd(id, host.events);
    this.#unread = new UnreadMessages(connection.counters.takenMessages);
    this.#processorTime = new ProcessorTime(() => host.processorMsOf(this));
    this.#start = new WorkerStart(this.#timers, host, this);
    this.gone = new Promise((resolve) => {
      this.#markGone = resolve;
    });
    this.requests = new RunningRequests(this);
    this.#port = new WorkerPort(connection.port, connection.counters.handledBytes, this);
    // An abort rejects it at once, the port closes only when the thread is gone: `#closed` reads it then.
    // One that ends before it has taken its port leaves that open: a thread that got no descriptor for its event loop, say.
    connection.life.catch((died: unknown) => {
      if (this.#state === 'starting') this.#kill(causeOf(died));
    });
    connection.port.once('close', () => void this.#closed());
  }

  get ready(): Promise<void> {
    return this.#start.ready;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Known when the thread is ready. */
  get facts(): WorkerFacts | undefined {
    return this.#facts;
  }

  get traits(): ModuleTraits | undefined {
    return this.#facts?.traits;
  }

  get outdated(): boolean {
    return this.#host.retirement !== undefined;
  }

  get givesWay(): boolean {
    const { retirement } = this.#host;
    return retirement === 'all' || (retirement === 'sleepers' && this.traits?.sleeps === true);
  }

  get idle(): boolean {
    return this.requests.size === 0 && !this.held;
  }

  get serving(): boolean {
    return this.requests.size > this.requests.cancelled;
  }

  /** Once the thread has told its id, until it is doomed. */
  get worker(): Worker | undefined {
    return isDoomed(this.#state) ? undefined : this.#worker;
  }

  get busy(): boolean {
    return this.requests.size > 0 || this.#start.isSettingUp;
  }

  get introduction(): string | undefined {
    return this.#introduction;
  }

  introduce(params: string): void {
    if (this.#state !== 'spare') throw new Error(`a worker cannot be introduced when it is ${this.#state}`);
    this.#introduction = params;
    this.#port.post({ type: 'introduce', params });
  }

  startProgram(variables: Readonly<Record<string, string>>): void {
    if (this.#state === 'spare') this.#port.post({ type: 'environment', variables });
  }

  runs(requestId: RequestId): boolean {
    return this.requests.has(requestId);
  }

  claim(owner: WorkerOwner, claim: WorkerClaim): void {
    this.#move('claimed');
    this.#owner = owner;
    this.#port.post({
      type: 'claim',
      context: owner.context,
      handleTools: undefined,
      ...claim,
    });
    if (this.#lists !== undefined) owner.onLists(this.#lists);
    this.#lists = undefined;
    this.#start.setUp(this.#host.setupDeadlineMs, (seconds) =>
      this.kill('killed', `the server module's setup took longer than ${seconds} s`),
    );
  }

  post(message: PostedMessage): void {
    this.#unread.posted(message);
    if (message.requestId !== undefined) this.requests.started(message.requestId, message.operation);
    this.#port.send(message);
  }

  credit(chars: number): void {
    this.#port.post({ type: 'credit', chars });
  }

  cancel(requestId: RequestId, reason: string): void {
    this.requests.cancel(requestId, reason);
  }

  end(reason: string): void {
    if (this.#state !== 'claimed' && this.#state !== 'falling_asleep') return this.kill('ended', reason);
    this.#timers.clear(this.#sleepDeadline);
    this.#move('ending');
    this.#end.enterLadder();
    this.#port.post({ type: 'end', reason });
    this.#timers.after(this.#host.cancelGraceMs, () =>
      this.kill('killed', `it did not let go when its session ended`),
    );
  }

  sleep(insists = false): void {
    this.#move('falling_asleep');
    this.#port.post({ type: 'sleep', insists });
    this.#sleepDeadline = this.#timers.after(this.#host.cancelGraceMs, () => {
      reportSlowSleep(this.#owner?.context, this.#host.events);
      this.kill('slept', 'its session fell asleep');
    });
  }

  get cancelGraceMs(): number {
    return this.#host.cancelGraceMs;
  }

  abort(requestId: RequestId, reason: string): void {
    this.#port.post({ type: 'cancel', requestId, reason });
  }

  ping(): void {
    this.#port.post({ type: 'ping' });
  }

  after(ms: number, callback: () => void): void {
    this.#timers.after(ms, callback);
  }

  onStopped(requestId: RequestId, operation: string, afterMs: number): void {
    const context = this.#owner?.context;
    if (context === undefined) return;
    this.#host.events.emit('handler-stopped', { context, requestId, operation, afterMs });
  }

  kill(cause: ThreadExitCause, message: string): void {
    this.#kill({ cause, message });
  }

  get unreadChars(): number {
    return this.#unread.chars;
  }

  get memoryBytes(): number {
    return this.#memory.usedBytes;
  }

  readProcessorMs(): number {
    return this.#processorTime.read(!isDoomed(this.#state));
  }

  /** The session that has claimed it. */
  get session(): WorkerOwner | undefined {
    return this.#owner;
  }

  get sessionId(): string | undefined {
    return this.#owner?.context.sessionId;
  }

  /** V8's code caches, with what has been compiled in this thread so far. */
  codeCaches(): Promise<CodeCaches> {
    return new Promise((resolve, reject) => {
      this.#codeCaches = resolve;
      void this.gone.then(({ message }) => reject(new Error(message)));
      this.#port.post({ type: 'code-cache' });
    });
  }

  snapshot(): ThreadSnapshot {
    return {
      thread: this.id,
      state: shownState(this.#state) ?? 'terminating',
      ageMs: performance.now() - this.#startedMs,
      memoryBytes: this.#memory.usedBytes,
      heapBytes: this.#memory.heapBytes,
      eventLoopUtilization: this.#worker?.performance.eventLoopUtilization().utilization ?? 0,
      childProcesses: this.#host.childProcessesOf(this),
      cancelledHandlers: this.requests.cancelled,
    };
  }

  #move(to: WorkerState): void {
    this.#state = moved(this.#state, to);
  }

  #kill(exit: WorkerExit): void {
    this.#end.decide(exit);
    if (isDoomed(this.#state)) return;
    this.#processorTime.beforeEnd();
    this.#move('terminating');
    this.#end.enterLadder(this.requests.cancelledSinceMs);
    this.#timers.clearAll();
    this.#timers.after(LET_GO_AFTER_MS, () => this.#letGoStuck(), 'end');
    const reportIt = (): void => reportStuck(this.#about, this.#end.running, this.#host.events);
    this.#timers.after(STUCK_AFTER_MS, reportIt, 'end');
    this.#host.terminate(this);
  }

  onUnreadable(error: unknown): void {
    reportUnreadable(this.#about, error, this.#host.events);
    this.kill('crash', 'it sent something that the gateway cannot handle');
  }

  onReady(frame: ReadyFrame): void {
    this.#worker = this.#connection.worker;
    // The module's code has run in the thread by then: each name counts once.
    const rejectedCaches = CODE_CACHES.filter((cache) => frame.rejectedCaches.includes(cache));
    this.#facts = { ...frame, rejectedCaches };
    if (this.#state === 'starting') this.#move('spare');
    this.#host.events.emit('thread-started', {
      thread: this.id,
      isolation: this.#host.isolation,
      startMs: performance.now() - this.#startedMs,
      niceness: frame.niceness,
    });
    this.#start.markReady();
  }

  onFailed(frame: FailedFrame): void {
    this.#kill(failedStart(frame));
  }

  onSetUp({ declared, hiddenSchemas }: ClaimedFrame): void {
    this.#start.hasSetUp();
    this.#host.onSettled(this);
    this.#owner?.onClaimed(declared, hiddenSchemas);
  }

  onSend(frame: SendFrame): void {
    if (frame.kind === 'response' && frame.id !== undefined) this.requests.settled(frame.id);
    const { stack } = frame;
    this.#owner?.onSend(stack === undefined ? frame : { ...frame, stack: this.#readable(stack) });
  }

  /** Those of a spare are its session's when there is one. */
  onLists(frame: ListsFrame): void {
    if (this.#owner === undefined) this.#lists = frame;
    else this.#owner.onLists(frame);
  }

  onAskedEarly(): void {
    if (this.#state === 'spare') this.#host.onAskedEarly(this);
  }

  onReport(frame: Parameters<typeof report>[0]): void {
    report(frame, this.id, this.#owner?.context, this.#host.events, this.#readable);
  }

  onHandlerSettled(requestId: RequestId): void {
    this.requests.settled(requestId);
    if (this.idle) this.#released();
  }

  onHeld(held: boolean): void {
    this.held = held;
    if (!held) this.#released();
  }

  /** How much memory it holds: it says so itself, or is seen from outside. */
  onMemory({ usedBytes, heapBytes }: { readonly usedBytes: number; readonly heapBytes: number }): void {
    this.#memory = { usedBytes, heapBytes };
  }

  onOverMemory({ limit, usedBytes }: OverMemoryFrame): void {
    this.kill('out_of_memory', overLimitMessage(limit, usedBytes));
  }

  onSkippedLines(lines: number): void {
    this.#host.events.emit('lines-skipped', { context: this.#owner?.context, lines });
  }

  /** Its port closes next. */
  onExited({ cause, message, stack }: ExitedFrame): void {
    this.#end.decide({ cause, message, stack });
  }

  onCodeCaches(caches: CodeCaches): void {
    this.#codeCaches?.(caches);
  }

  onStayAwake(): void {
    if (this.#state !== 'falling_asleep') return;
    this.#timers.clear(this.#sleepDeadline);
    this.#move('claimed');
    this.#owner?.onStayAwake();
    this.#host.onSettled(this);
  }

  onEnded(): void {
    if (this.#state === 'falling_asleep') return this.kill('slept', 'its session fell asleep');
    this.kill('ended', 'its session ended');
  }

  async #closed(): Promise<void> {
    const died = await this.#connection.life.then(
      () => new Error(`the ${this.#host.isolation} ended by itself`),
      (error: unknown) => error,
    );
    this.#timers.clearAll();
    const { killMs } = this.#end;
    const exit = this.#end.decided ?? causeOf(died);
    this.#move('gone');
    this.#start.fail(exit.message);
    const requestsLost = this.#letGo(exit);
    const stack = exit.stack && this.#readable(exit.stack);
    reportExit(
      this.#about,
      { ...exit, stack },
      { killMs, requestsLost, running: this.#end.running },
      this.#host.events,
    );
    this.#markGone(exit);
  }

  /** V8 has been told to run no more of its code; what holds it is native, and returns to nothing. */
  #letGoStuck(): void {
    const { decided } = this.#end;
    if (this.#state !== 'terminating' || decided === undefined) return;
    this.#move('stuck');
    this.#letGo(decided);
    this.#host.onStuck(this);
  }

  #letGo(exit: WorkerExit): number {
    this.#port.ignore();
    return this.#end.tell(this.#owner, exit, this.#start.isSetUp, this.requests, this.#unread);
  }

  #released(): void {
    this.#owner?.onReleased();
    this.#host.onSettled(this);
  }

  get #about(): AboutWorker {
    return { thread: this.id, isolation: this.#host.isolation, context: this.#owner?.context };
  }

  readonly #readable = (text: string): string => this.#host.readable(text);
}
