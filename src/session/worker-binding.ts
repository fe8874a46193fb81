/**
 * Connects a session to its worker, while it has one. It claims a worker when a message needs one, keeps messages in
 * order until then, sends a new worker what its predecessor knew, gives the worker back when the session falls asleep,
 * and counts deaths.
 */
import { performance } from 'node:perf_hooks';
import type {
  IntroducedClient,
  PostedMessage,
  PostedRequest,
  SessionWorker,
  WorkerExit,
  WorkerOwner,
} from '../isolation/worker.js';
import { clockMs } from '../shared/clock.js';
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { BulkheadError } from '../shared/errors.js';
import type { InputRequiredFrame, ListsFrame, SendFrame } from '../shared/frames/from-worker.js';
import type { HandleTools } from '../shared/handle-tools.js';
import { LazySet } from '../shared/lazy-collections.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import type { SessionState, ThreadSnapshot } from '../telemetry/snapshot.js';
import { Acquisition, type AcquisitionOwner } from './acquisition.js';
import type { KeptStart } from './kept-start.js';
import { KeptState } from './kept-state.js';
import { Replay } from './replay.js';
import type { SessionTotals } from './session-totals.js';
import { type ChangedWorker, VersionChange } from './version-change.js';
import { requestsOf, WaitingMessages } from './waiting-messages.js';

const MAX_DEATHS = 3;
const DEATHS_WINDOW_MS = 60_000;
/** Credit is returned in steps, so that small answers do not need a frame each. */
const CREDIT_STEP_CHARS = 128 * 1024;
/** Far more requests than one worker sends to its client. Each worker of a session has its own range of ids. */
const REQUEST_IDS_PER_WORKER = 1_000_000;
/**
 * Limits for characters of messages that wait for a worker or that it has not read: a busy worker reads nothing. The
 * first is for one session, the second for all together. The third is what each session may have in any case, so that
 * all are counted only for sessions that send much, the first message of a new one included.
 */
const MAX_UNREAD_CHARS = 16 * 1024 * 1024;
const MAX_UNREAD_CHARS_OF_ALL = 256 * 1024 * 1024;
const FREE_UNREAD_CHARS = 64 * 1024;

/** The session, as its binding sees it. */
export interface BindingOwner {
  readonly context: SessionContext;
  readonly totals: SessionTotals;
  /** What its worker adds to the tools of its server. */
  readonly handleTools: HandleTools | undefined;
  /** Whether its server waits for an answer of the client. */
  readonly asks: boolean;
  /** @param client if the session has begun */
  acquire(signal: AbortSignal, client: IntroducedClient | undefined): Promise<SessionWorker>;
  /** The sum over all sessions. */
  unreadChars(): number;
  childrenGone(worker: SessionWorker): Promise<void>;
  /**
   * A worker is set up for the session, `wakeMs` after the first message that needed it.
   * @param declared what its server has said in a replay
   */
  onClaimed(wakeMs: number, declared: DeclaredNotifications | undefined): void;
  onReleased(): void;
  onStayAwake(): void;
  /** Its worker is told to sleep, because another version of its server has taken the place of the one that it runs. */
  onLeaving(): void;
  onSend(frame: SendFrame): void;
  onInputRequired(frame: InputRequiredFrame): void;
  onLists(frame: ListsFrame): void;
  /** It has lost a worker that it had kept although the worker ran an earlier version of its server. */
  onVersionLeft(): void;
  onServerClosed(): void;
  onCloseStream(requestId: RequestId | undefined): void;
  /** Its worker has died, or was killed, while it ran these tools. Comes before `onWorkerGone`, if that comes at all. */
  onToolsLost(tools: readonly string[]): void;
  /** The worker is gone, and the requests in `lost` with it. `often`: too many workers of the session have died. */
  onWorkerGone(exit: WorkerExit, lost: ReadonlySet<RequestId>, often: boolean): void;
  /** No worker was available. The waiting messages are dropped; `lost` are the requests among them. */
  onUnavailable(error: BulkheadError, lost: ReadonlySet<RequestId>): void;
}

/** The states that depend on the worker. */
type Attachment = Exclude<SessionState, 'ending'>;

export class WorkerBinding implements WorkerOwner, AcquisitionOwner, ChangedWorker {
  readonly #owner: BindingOwner;
  /** Created when something is stored first. */
  #state: KeptState | undefined;
  readonly replay = new Replay();
  /** Requests that the current worker was sent and has not answered. */
  readonly #posted = new LazySet<RequestId>();
  readonly #waiting = new WaitingMessages();
  /**
   * A message that a worker which is falling asleep has not received. The next worker would receive it in the replay.
   */
  #unheard: string | undefined;
  #worker: SessionWorker | undefined;
  /** Whether `setup` has ended in the worker. */
  #setUp = false;
  #fallingAsleep = false;
  /** Set while it leaves a worker that runs an earlier version of its server. */
  #change: VersionChange | undefined;
  #acquisition: Acquisition | undefined;
  #wakingMs = 0;
  #workers = 0;
  #deaths: number[] = [];
  #creditChars = 0;
  #ended: Promise<void> | undefined;
  /** The state under which the session is counted; `undefined` once it ends, when it is no longer counted. */
  #counted: Attachment | undefined = 'asleep';

  constructor(owner: BindingOwner) {
    this.#owner = owner;
    owner.totals.states.asleep += 1;
  }

  get state(): SessionState {
    return this.#counted === undefined ? 'ending' : this.#attachment;
  }

  get #attachment(): Attachment {
    if (this.#worker === undefined) return this.#acquisition === undefined ? 'asleep' : 'waking';
    if (this.#fallingAsleep) return 'falling_asleep';
    return this.#setUp ? 'awake' : 'waking';
  }

  /** Whether a message reaches a worker at once. */
  get attached(): boolean {
    return this.#listening !== undefined;
  }

  /** The worker, unless it is going away. */
  get #listening(): SessionWorker | undefined {
    return this.#fallingAsleep || this.#change?.waits ? undefined : this.#worker;
  }

  /** Whether it keeps a worker that runs an earlier version of its server. */
  get staysBehind(): boolean {
    return this.#worker?.outdated === true && !this.#fallingAsleep && this.#change === undefined;
  }

  /** Whether it has a worker that has no work and may sleep. */
  get drowsy(): boolean {
    return this.vacant && this.#worker?.traits?.sleeps === true && !this.replay.full;
  }

  /** Whether it has a worker that is set up and has no work. */
  get vacant(): boolean {
    return (
      this.state === 'awake' &&
      this.#posted.size === 0 &&
      this.#worker?.state === 'claimed' &&
      this.#worker.idle
    );
  }

  /** Whether a handler runs that has not been cancelled. */
  get serving(): boolean {
    return this.#worker?.serving ?? false;
  }

  /** Whether a message waits, or the worker has work that must not be interrupted. */
  get working(): boolean {
    if (this.#worker === undefined) return this.#acquisition !== undefined;
    return !this.#setUp || this.#posted.size > 0 || (!this.#fallingAsleep && !this.#worker.idle);
  }

  get context(): SessionContext {
    return this.#owner.context;
  }

  /** Whether one more notification or response would have to be dropped. */
  get full(): boolean {
    return this.#waiting.full;
  }

  /** Characters of messages that no worker has read. */
  get unreadChars(): number {
    return this.#waiting.chars + (this.#worker?.unreadChars ?? 0);
  }

  /** Whether a message of this length has to be refused until some have been read. */
  unreadFull(chars: number): boolean {
    const unread = this.unreadChars;
    if (unread + chars <= FREE_UNREAD_CHARS) return false;
    return unread > MAX_UNREAD_CHARS || this.#owner.unreadChars() > MAX_UNREAD_CHARS_OF_ALL;
  }

  /** Whether the worker still runs a handler of this request, answered or not. */
  runs(requestId: RequestId): boolean {
    return this.#worker?.runs(requestId) ?? false;
  }

  snapshot(): ThreadSnapshot | undefined {
    return this.#worker?.snapshot();
  }

  /** Claims a worker before a message needs it. */
  prepare(): void {
    if (this.#ended === undefined && this.#worker === undefined && this.#acquisition === undefined)
      this.#acquire();
  }

  request(request: PostedRequest): void {
    const worker = this.#listening;
    if (worker === undefined) return this.#wait(request);
    this.#post(worker, request);
  }

  message(body: string): void {
    const worker = this.#listening;
    if (worker === undefined) this.#wait({ requestId: undefined, body });
    else worker.post({ requestId: undefined, body });
  }

  /**
   * A notification that is already in the replay. The current worker gets it if it stays; it is no reason to wake the
   * session.
   */
  replayed(body: string): void {
    if (this.#fallingAsleep) this.#unheard = body;
    else this.reply(body);
  }

  /** The answer to a request of the current worker, which may be falling asleep. No other worker waits for it. */
  reply(body: string): void {
    this.#worker?.post({ requestId: undefined, body, own: true });
  }

  /** A request that continues one whose handler waits in the worker. No other worker has it. */
  resume(key: string, body: string): void {
    this.#worker?.post({ requestId: undefined, body, own: true, resumes: key });
  }

  /** Gives the worker back, unless it has work. Messages that arrive meanwhile wait for another one. */
  sleep(): void {
    if (!this.drowsy) return;
    this.#fallingAsleep = true;
    this.#count();
    this.#worker?.sleep();
  }

  /** Another version of its server may have taken the place of the one that its worker runs. */
  renew(): void {
    const worker = this.#worker;
    if (worker?.givesWay !== true || this.#fallingAsleep || this.#change !== undefined) return;
    // What it could not remember would be lost.
    if (this.replay.full || this.#ended !== undefined) return;
    this.#change = new VersionChange(this);
    this.#change.look();
  }

  get busy(): boolean {
    return this.#posted.size > 0 || this.#worker?.busy === true;
  }

  get held(): boolean {
    return this.#worker?.held === true || this.#owner.asks;
  }

  get posted(): readonly RequestId[] {
    return [...this.#posted];
  }

  postWaiting(): void {
    if (this.#worker !== undefined) this.#postWaiting(this.#worker);
  }

  leave(insists: boolean): void {
    this.#fallingAsleep = true;
    this.#count();
    this.#owner.onLeaving();
    this.#worker?.sleep(insists);
  }

  cancel(requestId: RequestId, reason: string): void {
    this.#posted.delete(requestId);
    this.#waiting.remove(requestId);
    // Otherwise a worker would be taken from a session that needs it, only to fall asleep again.
    if (this.#waiting.size === 0) this.#stopAcquiring('what waited for it was cancelled');
    this.#worker?.cancel(requestId, reason);
    this.#change?.look();
  }

  /** Ends the worker at once, as the last step of the kill ladder does; `false` if there is none. */
  kill(message: string): boolean {
    this.#worker?.kill('killed', message);
    return this.#worker !== undefined;
  }

  credit(chars: number): void {
    this.#creditChars += chars;
    if (this.#creditChars < CREDIT_STEP_CHARS) return;
    this.#worker?.credit(this.#creditChars);
    this.#creditChars = 0;
  }

  /** The session ends, and is counted as ending from now on. */
  ending(): void {
    if (this.#counted !== undefined) this.#owner.totals.states[this.#counted] -= 1;
    this.#counted = undefined;
  }

  /**
   * Resolves when the worker and everything that it started are gone.
   * @param kept the worker goes on until this is over
   */
  end(reason: string, kept?: KeptStart): Promise<void> {
    this.#ended ??= this.#end(reason, kept);
    return this.#ended;
  }

  onAcquired(worker: SessionWorker): void {
    this.#acquisition = undefined;
    this.#worker = worker;
    const state = this.#state?.block();
    const firstRequestId = this.#workers * REQUEST_IDS_PER_WORKER;
    const { handleTools } = this.#owner;
    worker.claim(this, { state, replay: this.replay.messages(), firstRequestId, handleTools });
    this.#workers += 1;
    this.#postWaiting(worker);
  }

  onUnavailable(error: BulkheadError): void {
    this.#acquisition = undefined;
    this.#count();
    this.#owner.onUnavailable(error, requestsOf(this.#waiting.take()));
  }

  onClaimed(declared?: DeclaredNotifications): void {
    // The session ended while the worker was set up; otherwise nobody would notice the worker's end.
    if (this.#ended !== undefined) return;
    this.#setUp = true;
    this.#count();
    this.#owner.onClaimed(performance.now() - this.#wakingMs, declared);
    this.#change?.look();
  }

  onReleased(): void {
    this.#owner.onReleased();
    this.#change?.look();
  }

  onStayAwake(): void {
    this.#fallingAsleep = false;
    this.#count();
    if (this.#unheard !== undefined) this.reply(this.#unheard);
    this.#unheard = undefined;
    this.#change?.refused();
    if (this.#change?.waits !== true) this.postWaiting();
    else if (this.#waiting.size > 0) this.#change.onWaiting();
    this.#owner.onStayAwake();
    // It may have been told to sleep before another version of its server was there.
    this.renew();
  }

  onSend(frame: SendFrame): void {
    if (frame.kind === 'response' && frame.id !== undefined) this.#posted.delete(frame.id);
    this.#owner.onSend(frame);
    this.#change?.look();
  }

  onInputRequired(frame: InputRequiredFrame): void {
    this.#owner.onInputRequired(frame);
  }

  /** Those of an earlier version say nothing about later sessions. */
  onLists(frame: ListsFrame): void {
    if (this.#worker?.outdated !== true) this.#owner.onLists(frame);
  }

  onCloseStream(requestId: RequestId | undefined): void {
    this.#owner.onCloseStream(requestId);
  }

  onServerClosed(): void {
    this.#owner.onServerClosed();
  }

  onState(key: string, value: Uint8Array | undefined): void {
    if (this.#ended !== undefined) return;
    this.#state ??= new KeptState(this.#owner.totals.state);
    this.#state.set(key, value);
  }

  onExit(exit: WorkerExit, unread: readonly PostedMessage[], blamed: readonly string[] = []): number {
    if (blamed.length > 0) this.#owner.onToolsLost(blamed);
    const slept = this.#fallingAsleep;
    const stayedBehind = this.staysBehind;
    this.#worker = undefined;
    this.#setUp = false;
    this.#fallingAsleep = false;
    this.#unheard = undefined;
    this.#creditChars = 0;
    this.#change?.close();
    this.#change = undefined;
    this.#count();
    if (this.#ended !== undefined) return 0;
    for (const requestId of requestsOf(unread)) this.#posted.delete(requestId);
    const lost = new Set(this.#posted);
    this.#posted.clear();
    this.#waiting.putBack(unread);
    this.#owner.onWorkerGone(exit, lost, !slept && this.#diesTooOften());
    if (stayedBehind && this.#ended === undefined) this.#owner.onVersionLeft();
    // Messages that the worker has not read, and those that arrived while it fell asleep.
    if (this.#ended === undefined && this.#waiting.size > 0 && this.#acquisition === undefined)
      this.#acquire();
    return lost.size;
  }

  /** Must be called whenever `state` may have changed. */
  #count(): void {
    const attachment = this.#attachment;
    if (this.#counted === undefined || this.#counted === attachment) return;
    const { states } = this.#owner.totals;
    states[this.#counted] -= 1;
    states[attachment] += 1;
    this.#counted = attachment;
  }

  #diesTooOften(): boolean {
    const now = clockMs();
    this.#deaths = [...this.#deaths.filter((ms) => now - ms < DEATHS_WINDOW_MS), now];
    return this.#deaths.length > MAX_DEATHS;
  }

  #wait(message: PostedMessage): void {
    if (this.#ended !== undefined) return;
    this.#waiting.add(message);
    this.#change?.onWaiting();
    if (this.#acquisition === undefined && this.#worker === undefined) this.#acquire();
  }

  #acquire(): void {
    this.#wakingMs = performance.now();
    this.#acquisition = new Acquisition(
      (signal) => this.#owner.acquire(signal, this.#introducedClient),
      this,
    );
    this.#count();
    this.#acquisition.start();
  }

  get #introducedClient(): IntroducedClient | undefined {
    return this.replay.introduced ? this.replay : undefined;
  }

  #stopAcquiring(reason: string): void {
    const acquisition = this.#acquisition;
    this.#acquisition = undefined;
    this.#count();
    acquisition?.stop(reason);
  }

  #postWaiting(worker: SessionWorker): void {
    for (const message of this.#waiting.take()) this.#post(worker, message);
  }

  #post(worker: SessionWorker, message: PostedMessage): void {
    if (message.requestId !== undefined) {
      this.#posted.add(message.requestId);
      message.trace?.started(() => worker.readProcessorMs());
    }
    worker.post(message);
  }

  async #end(reason: string, kept: KeptStart | undefined): Promise<void> {
    this.#waiting.take();
    this.#change?.close();
    this.#change = undefined;
    this.#state?.release();
    this.#state = undefined;
    this.#stopAcquiring(`the session ends: ${reason}`);
    const worker = this.#worker;
    if (worker === undefined) return;
    if (kept !== undefined) {
      void worker.gone.then(() => kept.stop());
      await kept.over;
    }
    worker.end(reason);
    await worker.gone;
    await this.#owner.childrenGone(worker);
  }
}
