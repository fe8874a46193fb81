/** A worker in the test's own process: it does nothing by itself, and a test says what its server does. */
import { RunningRequests, type RunningRequestsOwner } from '../../src/isolation/running-requests.js';
import type {
  PostedMessage,
  SessionWorker,
  WorkerClaim,
  WorkerExit,
  WorkerOwner,
} from '../../src/isolation/worker.js';
import type { Retirement, StarterOwner, WorkerStarter } from '../../src/isolation/worker-starter.js';
import { isDoomed, moved, shownState, type WorkerState } from '../../src/isolation/worker-states.js';
import type { DeclaredNotifications } from '../../src/shared/declared-notifications.js';
import type { RequestId } from '../../src/shared/request-id.js';
import type { ThreadExitCause } from '../../src/telemetry/events.js';
import type { ThreadSnapshot } from '../../src/telemetry/snapshot.js';

export class FakeWorker implements SessionWorker, RunningRequestsOwner {
  readonly id: number;
  readonly ready: Promise<void>;
  readonly gone: Promise<WorkerExit>;
  readonly traits = { staticLists: false, sleeps: true, affinity: undefined, reuse: undefined };
  readonly memoryBytes = 0;
  readonly cancelGraceMs: number;
  /** All that it was posted and has read, in order. */
  readonly read: string[] = [];
  /** Requests that it was told to abort. */
  readonly aborted: RequestId[] = [];
  claimed: WorkerClaim | undefined;
  /** Whether it reads messages; while it is busy it does not. */
  reads = true;
  /** Whether handlers stop when they are aborted. */
  heeds = true;
  /** Whether its event loop runs. */
  spins = false;
  /** Whether it has work when it is told to sleep. */
  staysAwake = false;
  get serving(): boolean {
    return this.#requests.size > this.#requests.cancelled;
  }
  readonly #starter: StarterOwner;
  readonly #requests: RunningRequests;
  #unread: PostedMessage[] = [];
  #owner: WorkerOwner | undefined;
  #state: WorkerState = 'starting';
  #markGone: (exit: WorkerExit) => void = () => {};

  /** @param hangs whether the import of its server never ends */
  constructor(id: number, starter: StarterOwner, cancelGraceMs: number, hangs = false) {
    this.id = id;
    this.#starter = starter;
    this.cancelGraceMs = cancelGraceMs;
    this.#requests = new RunningRequests(this);
    this.gone = new Promise((resolve) => {
      this.#markGone = resolve;
    });
    this.ready = hangs ? this.gone.then(() => Promise.reject(new Error('it ended'))) : Promise.resolve();
    this.ready.catch(() => {});
    if (!hangs) this.#move('spare');
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** What it has besides requests that keeps it awake. */
  held = false;

  /** It runs an earlier version of its server. */
  outdated = false;

  get givesWay(): boolean {
    return this.outdated;
  }

  get idle(): boolean {
    return this.#requests.size === 0 && !this.held;
  }

  get busy(): boolean {
    return this.#requests.size > 0;
  }

  get unreadChars(): number {
    return this.#unread.reduce((chars, { body }) => chars + body.length, 0);
  }

  get sessionId(): string | undefined {
    return this.#owner?.context.sessionId;
  }

  introduction: string | undefined;

  introduce(params: string): void {
    this.introduction = params;
  }

  /** The variables that its program was started with. */
  variables: Readonly<Record<string, string>> | undefined;

  startProgram(variables: Readonly<Record<string, string>>): void {
    this.variables = variables;
  }

  claim(owner: WorkerOwner, claim: WorkerClaim): void {
    this.#move('claimed');
    this.#owner = owner;
    this.claimed = claim;
    queueMicrotask(() => {
      owner.onClaimed();
      this.#starter.onSettled();
    });
  }

  post(message: PostedMessage): void {
    if (message.requestId !== undefined) this.#requests.started(message.requestId, message.operation);
    if (this.reads) this.read.push(message.body);
    else this.#unread.push(message);
  }

  credit(): void {}

  cancel(requestId: RequestId, reason: string): void {
    this.#requests.cancel(requestId, reason);
  }

  sleep(insists = false): void {
    this.#move('falling_asleep');
    queueMicrotask(() => {
      if (insists || !this.staysAwake)
        return this.dies({ cause: 'slept', message: 'its session fell asleep' });
      this.#move('claimed');
      this.#owner?.onStayAwake();
    });
  }

  end(reason: string): void {
    if (this.#state === 'claimed') this.#move('ending');
    this.kill('ended', reason);
  }

  onStopped(): void {}

  kill(cause: ThreadExitCause, message: string): void {
    if (isDoomed(this.#state)) return;
    this.#move('terminating');
    queueMicrotask(() => this.dies({ cause, message }));
  }

  abort(requestId: RequestId): void {
    this.aborted.push(requestId);
    if (this.heeds) this.#requests.settled(requestId);
  }

  ping(): void {
    if (!this.spins) setTimeout(() => this.#requests.pong(), 1);
  }

  after(ms: number, callback: () => void): void {
    setTimeout(() => isDoomed(this.#state) || callback(), ms);
  }

  /** What it has used, as a test says. */
  processorMs = 0;

  readProcessorMs(): number {
    return this.processorMs;
  }

  runs(requestId: RequestId): boolean {
    return this.#requests.has(requestId);
  }

  snapshot(): ThreadSnapshot {
    return {
      thread: this.id,
      state: shownState(this.#state) ?? 'terminating',
      ageMs: 0,
      memoryBytes: 0,
      heapBytes: 0,
      eventLoopUtilization: 0,
      childProcesses: 0,
      cancelledHandlers: this.#requests.cancelled,
    };
  }

  /**
   * Its server answers a request.
   * @param declared in its answer to `initialize`
   */
  answers(id: RequestId, result: object = {}, declared?: DeclaredNotifications): void {
    this.#requests.settled(id);
    const body = JSON.stringify({ jsonrpc: '2.0', id, result });
    const frame = { type: 'send', kind: 'response', id, relatedTo: id, body } as const;
    this.#owner?.onSend(declared === undefined ? frame : { ...frame, declared });
  }

  /** The handler of a stateless request waits for its client. */
  asks(requestId: RequestId): void {
    const around = { before: '{"requestState":', after: '}' };
    this.#owner?.onInputRequired({ type: 'input-required', requestId, ...around });
  }

  /** The same, and the client has not declared what it asks for. */
  asksInVain(requestId: RequestId): void {
    const around = { before: '{"error":{}}', after: undefined };
    this.#owner?.onInputRequired({ type: 'input-required', requestId, ...around });
  }

  /** The handler of a cancelled request settles. */
  settles(id: RequestId): void {
    this.#requests.settled(id);
    if (this.idle) this.#owner?.onReleased();
  }

  /** Its hold is released. */
  releases(): void {
    this.held = false;
    this.#owner?.onReleased();
  }

  /** Its server closes the stream of a request, whose client is to come back for it (SEP-1699). */
  closesStream(requestId: RequestId): void {
    this.#owner?.onCloseStream(requestId);
  }

  /** By itself, or as it was told. */
  dies(exit: WorkerExit): void {
    if (this.#state === 'gone') return;
    this.#move('gone');
    const unread = this.#unread.filter(({ requestId }) =>
      requestId === undefined ? true : this.#requests.stateOf(requestId) === 'running',
    );
    this.#unread = [];
    const blamed = this.#requests.blamedFor(exit.cause);
    this.#requests.clear();
    this.#owner?.onExit(exit, unread, blamed);
    this.#markGone(exit);
  }

  #move(to: WorkerState): void {
    this.#state = moved(this.#state, to);
  }
}

export class FakeStarter implements WorkerStarter<FakeWorker> {
  readonly childProcesses = 0;
  /** All that were ever started. */
  readonly started: FakeWorker[] = [];
  /** Whether those that it starts hang. */
  hangs = false;
  readonly #cancelGraceMs: number;

  constructor(cancelGraceMs: number) {
    this.#cancelGraceMs = cancelGraceMs;
  }

  start(id: number, owner: StarterOwner): FakeWorker {
    const worker = new FakeWorker(id, owner, this.#cancelGraceMs, this.hangs);
    this.started.push(worker);
    return worker;
  }

  retirement: Retirement | undefined;

  retire(retirement: Retirement): void {
    this.retirement = retirement;
    for (const worker of this.started) worker.outdated = true;
  }

  async childrenGone(): Promise<void> {}

  stateUsed(): void {}

  async close(): Promise<void> {}

  killChildrenNow(): void {}
}
