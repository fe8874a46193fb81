/**
 * What ties a session to its thread, while it has one: claims a thread when a message needs it, keeps messages in order
 * until then, tells a fresh thread what its predecessor knew, gives the thread back when the session falls asleep, and
 * counts deaths.
 */
import { performance } from 'node:perf_hooks';
import type { SessionThread } from '../isolation/thread/session-thread.js';
import type { PostedMessage, PostedRequest, ThreadExit, ThreadOwner } from '../isolation/thread-owner.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import type { RequestId, SendFrame } from '../shared/frames.js';
import { LateSet } from '../shared/late-collections.js';
import type { SessionContext } from '../shared/session-context.js';
import type { SessionState, ThreadSnapshot } from '../telemetry/snapshot.js';
import { KeptState } from './kept-state.js';
import { Replay } from './replay.js';
import type { SessionTotals } from './session-totals.js';

const MAX_DEATHS = 3;
const DEATHS_WINDOW_MS = 60_000;
/** Credit goes back in steps, so that small answers cost no frame each. */
const CREDIT_STEP_CHARS = 128 * 1024;
/** Far beyond what one thread asks its client. Each thread of a session gets a range of ids of its own. */
const REQUEST_IDS_PER_THREAD = 1_000_000;
/**
 * Characters of messages that wait for a thread, or that it has been sent and not read: a thread that is busy reads nothing. Of one
 * session, of all together, and what one may have in any case, so that all are counted only for who sends much.
 */
const MAX_UNREAD_CHARS = 16 * 1024 * 1024;
const MAX_UNREAD_CHARS_OF_ALL = 256 * 1024 * 1024;
const FREE_UNREAD_CHARS = 64 * 1024;
/** Notifications and responses that wait for a thread; requests have their own limit. */
const MAX_WAITING_MESSAGES = 256;

export interface ThreadLinkParts {
  readonly context: () => SessionContext;
  readonly totals: SessionTotals;
  /** `known`: the session has been served before. */
  readonly acquire: (signal: AbortSignal, known: boolean) => Promise<SessionThread>;
  /** Of all sessions. */
  readonly unreadChars: () => number;
  readonly childrenGone: (thread: SessionThread) => Promise<void>;
  /** A thread is set up for the session; `wakeMs` since the first message that needed it. */
  readonly onClaimed: (wakeMs: number) => void;
  readonly onReleased: () => void;
  readonly onStayAwake: () => void;
  readonly onSend: (frame: SendFrame) => void;
  readonly onServerClosed: () => void;
  readonly onCloseStream: (requestId: RequestId | undefined) => void;
  /** The thread is gone, and with it what `lost` names. `often`: it happened too often for the session to go on. */
  readonly onThreadGone: (exit: ThreadExit, lost: ReadonlySet<RequestId>, often: boolean) => void;
  /** No thread could be had; the waiting messages are dropped, `lost` are the requests among them. */
  readonly onUnavailable: (error: BulkheadError, lost: ReadonlySet<RequestId>) => void;
}

/** What a session that does not end has of a thread. */
type Attachment = Exclude<SessionState, 'ending'>;

export class ThreadLink implements ThreadOwner {
  readonly #parts: ThreadLinkParts;
  /** Made when something is first stored. */
  #state: KeptState | undefined;
  readonly replay = new Replay();
  /** Requests that the present thread was given and has not answered. */
  readonly #posted = new LateSet<RequestId>();
  #waiting: PostedMessage[] = [];
  /** What a thread that falls asleep has not heard, and what its successor would hear from the replay. */
  #unheard: string | undefined;
  #thread: SessionThread | undefined;
  /** `setup` is done in the thread. */
  #setUp = false;
  #fallingAsleep = false;
  #acquiring: AbortController | undefined;
  #wakingMs = 0;
  #threads = 0;
  #deaths: number[] = [];
  #creditChars = 0;
  #ended: Promise<void> | undefined;
  /** What it is counted by; `undefined`: by nothing any more, since its session ends. */
  #counted: Attachment | undefined = 'asleep';

  constructor(parts: ThreadLinkParts) {
    this.#parts = parts;
    parts.totals.states.asleep += 1;
  }

  get state(): SessionState {
    return this.#counted === undefined ? 'ending' : this.#attachment;
  }

  get #attachment(): Attachment {
    if (this.#thread === undefined) return this.#acquiring === undefined ? 'asleep' : 'waking';
    if (this.#fallingAsleep) return 'falling_asleep';
    return this.#setUp ? 'awake' : 'waking';
  }

  /** Whether a message reaches a thread at once. */
  get attached(): boolean {
    return this.#listening !== undefined;
  }

  /** The thread, unless it is on its way out. */
  get #listening(): SessionThread | undefined {
    return this.#fallingAsleep ? undefined : this.#thread;
  }

  /** Whether it has a thread that nothing goes on in, and that the module lets go. */
  get drowsy(): boolean {
    return (
      this.state === 'awake' &&
      this.#posted.size === 0 &&
      this.#thread?.idle === true &&
      this.#thread.traits?.sleeps === true &&
      !this.replay.full
    );
  }

  /** Whether a message waits, or something goes on in its thread that nobody may be taken away from. */
  get working(): boolean {
    if (this.#thread === undefined) return this.#acquiring !== undefined;
    return !this.#setUp || this.#posted.size > 0 || (!this.#fallingAsleep && !this.#thread.idle);
  }

  get context(): SessionContext {
    return this.#parts.context();
  }

  /** A notification or a response more would have to be dropped. */
  get full(): boolean {
    return this.#waiting.length >= MAX_WAITING_MESSAGES;
  }

  /** Characters of messages that no thread has read. */
  get unreadChars(): number {
    let chars = this.#thread?.unreadChars ?? 0;
    for (const { body } of this.#waiting) chars += body.length;
    return chars;
  }

  /** A message more would have to be refused until some have been read. */
  get unreadFull(): boolean {
    const chars = this.unreadChars;
    if (chars <= FREE_UNREAD_CHARS) return false;
    return chars > MAX_UNREAD_CHARS || this.#parts.unreadChars() > MAX_UNREAD_CHARS_OF_ALL;
  }

  /** Whether the thread still has a handler of this request, answered or not. */
  runs(requestId: RequestId): boolean {
    return this.#thread?.runs(requestId) ?? false;
  }

  snapshot(): ThreadSnapshot | undefined {
    return this.#thread?.snapshot();
  }

  request(request: PostedRequest): void {
    const thread = this.#listening;
    if (thread === undefined) this.#wait(request);
    else this.#postRequest(thread, request);
  }

  message(body: string): void {
    const thread = this.#listening;
    if (thread === undefined) this.#wait({ requestId: undefined, body });
    else thread.message(body);
  }

  /** A notification that is in the replay already: the present thread's, should it stay, and nothing to wake up for. */
  replayed(body: string): void {
    if (this.#fallingAsleep) this.#unheard = body;
    else this.#thread?.message(body, true);
  }

  /** The answer to a request of the present thread, which may be falling asleep: no other one waits for it. */
  reply(body: string): void {
    this.#thread?.message(body, true);
  }

  /** Gives the thread back, unless something goes on in it. What comes meanwhile waits for another one. */
  sleep(): void {
    if (!this.drowsy) return;
    this.#fallingAsleep = true;
    this.#count();
    this.#thread?.sleep();
  }

  cancel(requestId: RequestId, reason: string): void {
    this.#posted.delete(requestId);
    this.#waiting = this.#waiting.filter((message) => message.requestId !== requestId);
    // A thread would be taken from a session that needs it, only to fall asleep again.
    if (this.#waiting.length === 0) this.#stopAcquiring('what waited for it was cancelled');
    this.#thread?.cancel(requestId, reason);
  }

  credit(chars: number): void {
    this.#creditChars += chars;
    if (this.#creditChars < CREDIT_STEP_CHARS) return;
    this.#thread?.credit(this.#creditChars);
    this.#creditChars = 0;
  }

  /** Its session ends, and is counted as such from now on. */
  ending(): void {
    if (this.#counted !== undefined) this.#parts.totals.states[this.#counted] -= 1;
    this.#counted = undefined;
  }

  /** Resolves when the thread and all that it started are gone. */
  end(reason: string): Promise<void> {
    this.#ended ??= this.#end(reason);
    return this.#ended;
  }

  onClaimed(): void {
    // Its session ended while it was set up; nobody would hear of the thread's end.
    if (this.#ended !== undefined) return;
    this.#setUp = true;
    this.#count();
    this.#parts.onClaimed(performance.now() - this.#wakingMs);
  }

  onReleased(): void {
    this.#parts.onReleased();
  }

  onStayAwake(): void {
    this.#fallingAsleep = false;
    this.#count();
    if (this.#unheard !== undefined) this.#thread?.message(this.#unheard, true);
    this.#unheard = undefined;
    if (this.#thread !== undefined) this.#postWaiting(this.#thread);
    this.#parts.onStayAwake();
  }

  onSend(frame: SendFrame): void {
    if (frame.kind === 'response' && frame.id !== undefined) this.#posted.delete(frame.id);
    this.#parts.onSend(frame);
  }

  onCloseStream(requestId: RequestId | undefined): void {
    this.#parts.onCloseStream(requestId);
  }

  onServerClosed(): void {
    this.#parts.onServerClosed();
  }

  onState(key: string, value: Uint8Array | undefined): void {
    if (this.#ended !== undefined) return;
    this.#state ??= new KeptState(this.#parts.totals.state);
    this.#state.set(key, value);
  }

  onExit(exit: ThreadExit, unread: readonly PostedMessage[]): number {
    const slept = this.#fallingAsleep;
    this.#thread = undefined;
    this.#setUp = false;
    this.#fallingAsleep = false;
    this.#unheard = undefined;
    this.#creditChars = 0;
    this.#count();
    if (this.#ended !== undefined) return 0;
    for (const { requestId } of unread) if (requestId !== undefined) this.#posted.delete(requestId);
    const lost = new Set(this.#posted);
    this.#posted.clear();
    if (unread.length > 0) this.#waiting = [...unread, ...this.#waiting];
    this.#parts.onThreadGone(exit, lost, !slept && this.#diesTooOften());
    // What it did not come to, and what came while it fell asleep.
    if (this.#ended === undefined && this.#waiting.length > 0 && this.#acquiring === undefined)
      void this.#acquire();
    return lost.size;
  }

  /** To be called whenever `state` may have changed. */
  #count(): void {
    const attachment = this.#attachment;
    if (this.#counted === undefined || this.#counted === attachment) return;
    const { states } = this.#parts.totals;
    states[this.#counted] -= 1;
    states[attachment] += 1;
    this.#counted = attachment;
  }

  #diesTooOften(): boolean {
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((ms) => now - ms < DEATHS_WINDOW_MS), now];
    return this.#deaths.length > MAX_DEATHS;
  }

  #postRequest(thread: SessionThread, request: PostedRequest): void {
    this.#posted.add(request.requestId);
    thread.request(request);
  }

  #wait(message: PostedMessage): void {
    if (this.#ended !== undefined) return;
    this.#waiting.push(message);
    if (this.#acquiring === undefined && this.#thread === undefined) void this.#acquire();
  }

  async #acquire(): Promise<void> {
    this.#wakingMs = performance.now();
    const acquiring = new AbortController();
    this.#acquiring = acquiring;
    this.#count();
    let thread: SessionThread;
    try {
      thread = await this.#parts.acquire(acquiring.signal, this.replay.introduced);
    } catch (error) {
      if (this.#acquiring !== acquiring) return;
      this.#acquiring = undefined;
      this.#count();
      this.#unavailable(error);
      return;
    }
    // It was on its way already when the waiting stopped; what came since has asked for another one.
    if (this.#acquiring !== acquiring)
      return thread.terminate('ended', 'its session does not need it any more');
    this.#acquiring = undefined;
    this.#attach(thread);
  }

  /** Forgotten at once, not when the pool has answered: the next message must be able to ask for a thread again. */
  #stopAcquiring(reason: string): void {
    const acquiring = this.#acquiring;
    this.#acquiring = undefined;
    this.#count();
    acquiring?.abort(new BulkheadError('ERR_BULKHEAD_THREAD_WAIT', reason));
  }

  #attach(thread: SessionThread): void {
    this.#thread = thread;
    const state = this.#state?.block();
    const stateUsedKib = this.#parts.totals.state.usedKib;
    const firstRequestId = this.#threads * REQUEST_IDS_PER_THREAD;
    thread.claim(this, { state, stateUsedKib, replay: this.replay.messages(), firstRequestId });
    this.#threads += 1;
    this.#postWaiting(thread);
  }

  #postWaiting(thread: SessionThread): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) {
      if (message.requestId === undefined) thread.message(message.body);
      else this.#postRequest(thread, message);
    }
  }

  #unavailable(error: unknown): void {
    const lost = new Set<RequestId>();
    for (const { requestId } of this.#waiting) if (requestId !== undefined) lost.add(requestId);
    this.#waiting = [];
    const reason =
      error instanceof BulkheadError
        ? error
        : new BulkheadError('ERR_BULKHEAD_THREAD_START', messageOf(error));
    this.#parts.onUnavailable(reason, lost);
  }

  async #end(reason: string): Promise<void> {
    this.#waiting = [];
    this.#state?.release();
    this.#state = undefined;
    this.#stopAcquiring(`the session ends: ${reason}`);
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.end(reason);
    await thread.exited;
    await this.#parts.childrenGone(thread);
  }
}
