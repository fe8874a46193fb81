/**
 * One session thread as the main thread sees it: its port, its states and the kill ladder. The only file that
 * knows that a session runs in a thread.
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
import type { MessagePort, Worker } from 'node:worker_threads';
import { Deadline } from '../../shared/deadline.js';
import { messageOf } from '../../shared/errors.js';
import {
  backlogBytes,
  CODE_CACHES,
  type CodeCacheName,
  type CodeCaches,
  isUnpaced,
  type MainFrame,
  type ModuleTraits,
  messageFrame,
  type RequestId,
  readResultFrame,
  type SendFrame,
  type ThreadFrame,
} from '../../shared/frames.js';
import { overLimitMessage } from '../../shared/memory-limits.js';
import type { GatewayEmitter, ThreadExitCause } from '../../telemetry/events.js';
import type { ThreadSnapshot, ThreadState } from '../../telemetry/snapshot.js';
import { RunningRequests } from '../running-requests.js';
import { shortageOf } from '../start-shortage.js';
import { causeOf, type PostedRequest, type ThreadExit, type ThreadOwner } from '../thread-owner.js';
import { UnreadMessages } from './unread-messages.js';

/** Import of the server module included; generous, because a build box under load starts threads slowly. */
const START_DEADLINE_MS = 30_000;
const SETUP_DEADLINE_MS = 30_000;
/** A thread that can be interrupted is gone within milliseconds. Past this its session no longer waits for it. */
const LET_GO_AFTER_MS = 250;
/** A native call that does not return (a synchronous read of a pipe, say) can't be interrupted. */
const STUCK_AFTER_MS = 5_000;

export interface SessionThreadParts {
  readonly id: number;
  readonly port: MessagePort;
  /** The thread's whole life as piscina's promise: it rejects when the thread ends or was aborted. */
  readonly life: Promise<unknown>;
  readonly terminate: () => void;
  readonly worker: Worker | undefined;
  readonly childProcesses: () => number;
  /** Whether any thread has ever started a child process. */
  readonly spawnsChildren: () => boolean;
  /** A text from the thread, with positions in the server module's own files. */
  readonly readable: (text: string) => string;
  readonly cancelGraceMs: number;
  readonly events: GatewayEmitter;
  /** It was told to terminate and is still there: its session has let go of it. */
  readonly onStuck: () => void;
  /** Its setup is over, or it will not go to sleep: the pool may have to take another one for who waits. */
  readonly onSettled: () => void;
}

type Claim = Omit<
  Extract<MainFrame, { type: 'claim' }>,
  'type' | 'context' | 'tracksRequests' | 'handledBytes' | 'takenMessages'
>;

export class SessionThread {
  readonly id: number;
  /** Settles when the server module is loaded and the thread is a spare, or rejects with the exit's message. */
  readonly ready: Promise<void>;
  /** Resolves when the thread is gone. */
  readonly exited: Promise<ThreadExit>;

  readonly #parts: SessionThreadParts;
  readonly #startedMs = performance.now();
  readonly #requests: RunningRequests;
  readonly #timers = new Set<Deadline>();
  #state: ThreadState | 'gone' = 'starting';
  #owner: ThreadOwner | undefined;
  #worker: Worker | undefined;
  #memory = { usedBytes: 0, heapBytes: 0 };
  #niceness: number | undefined;
  #systemThreadId: number | undefined;
  #traits: ModuleTraits | undefined;
  #rejectedCaches: readonly CodeCacheName[] = [];
  readonly #shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #handledBytes = this.#shared.subarray(0, 1);
  readonly #unread = new UnreadMessages(this.#shared.subarray(1, 2));
  #held = false;
  #sleeping = false;
  #sleepDeadline: Deadline | undefined;
  #codeCaches: ((caches: CodeCaches) => void) | undefined;
  #setupDeadline: Deadline | undefined;
  /** Set when the thread is doomed, by whoever decided it first. */
  #exit: ThreadExit | undefined;
  /** Set when its session has been told of its end. */
  #requestsLost: number | undefined;
  /** What ran in it then. */
  #running: readonly string[] = [];
  /** When the module's `setup` was done. */
  #setUp = false;
  /** When the kill ladder was entered. */
  #ladderMs: number | undefined;
  #markReady: () => void = () => {};
  #failReady: (error: Error) => void = () => {};
  #markExited: (exit: ThreadExit) => void = () => {};

  constructor(parts: SessionThreadParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#failReady = reject;
    });
    this.exited = new Promise((resolve) => {
      this.#markExited = resolve;
    });
    this.#requests = new RunningRequests({
      cancelGraceMs: parts.cancelGraceMs,
      abort: (requestId, reason) => this.#post({ type: 'cancel', requestId, reason }),
      ping: () => this.#post({ type: 'ping' }),
      kill: (message) => this.terminate('killed', message),
      after: (ms, callback) => this.#after(ms, callback),
    });
    // Whoever waits for `ready` handles its rejection; nobody has to wait.
    this.ready.catch(() => {});
    // An abort rejects it at once, the port closes only when the thread is gone: `#closed` reads it then.
    // One that ends before it has taken its port leaves that open: a thread that got no descriptor for its event loop, say.
    parts.life.catch((died: unknown) => {
      if (this.#state !== 'starting') return;
      const { cause, message, shortage } = causeOf(died);
      this.terminate(cause, message, shortage);
    });
    parts.port.on('message', (frame: ThreadFrame) => this.#guarded(frame));
    parts.port.on('messageerror', (error) => this.#unreadable(error));
    parts.port.once('close', () => void this.#closed());
    const startDeadline = this.#after(START_DEADLINE_MS, () =>
      this.terminate('start_failed', `the thread was not ready within ${START_DEADLINE_MS / 1000} s`),
    );
    void this.ready.then(
      () => this.#clear(startDeadline),
      () => {},
    );
  }

  get state(): ThreadState | 'gone' {
    return this.#state;
  }

  /** The thread's own nice value, where the system tells it. */
  get niceness(): number | undefined {
    return this.#niceness;
  }

  /** The system's id of the thread, where the system tells it; known when the thread is ready. */
  get systemThreadId(): number | undefined {
    return this.#systemThreadId;
  }

  /** What the server module says of itself; known when the thread is ready. */
  get traits(): ModuleTraits | undefined {
    return this.#traits;
  }

  /** The code caches that V8 would not have there; known when the thread is ready. */
  get rejectedCaches(): readonly CodeCacheName[] {
    return this.#rejectedCaches;
  }

  /** Whether nothing is known that goes on in it: a handler, cancelled ones among them, or a hold. */
  get idle(): boolean {
    return this.#requests.size === 0 && !this.#held;
  }

  /** Once the thread has told its id, until it is doomed. */
  get worker(): Worker | undefined {
    return this.#doomed ? undefined : this.#worker;
  }

  /** Whether the module's `setup` or a handler runs in it, though it may have been cancelled. */
  get busy(): boolean {
    return this.#requests.size > 0 || this.#setupDeadline !== undefined;
  }

  /** Whether the handler of this request has not settled, though the request may have been cancelled long ago. */
  runs(requestId: RequestId): boolean {
    return this.#requests.has(requestId);
  }

  /** Binds the thread to its one session. */
  claim(owner: ThreadOwner, claim: Claim): void {
    this.#owner = owner;
    this.#state = 'claimed';
    const tracksRequests = this.#parts.spawnsChildren();
    const [handledBytes, takenMessages] = [this.#handledBytes, this.#unread.taken];
    this.#post({
      type: 'claim',
      context: owner.context,
      tracksRequests,
      handledBytes,
      takenMessages,
      ...claim,
    });
    this.#setupDeadline = this.#after(SETUP_DEADLINE_MS, () =>
      this.terminate('killed', `the server module's setup took longer than ${SETUP_DEADLINE_MS / 1000} s`),
    );
  }

  request(request: PostedRequest): void {
    this.#requests.started(request.requestId, request.operation);
    this.#unread.posted(request);
    this.#post(messageFrame(request.key, request.body, request.fastPath));
  }

  /**
   * A notification or a response of the client.
   * @param own whether it is this thread's alone: no other one gets it when this one has not read it
   */
  message(body: string, own = false): void {
    this.#unread.posted({ requestId: undefined, body, own });
    this.#post(messageFrame('', body));
  }

  /** So much of what the thread sent has been delivered, or thrown away. */
  credit(chars: number): void {
    this.#post({ type: 'credit', bytes: chars });
  }

  /** First step of the ladder for one request; its answer is of no more interest. */
  cancel(requestId: RequestId, reason: string): void {
    this.#requests.cancel(requestId, reason);
  }

  /** First step of the ladder for the whole thread: its session ends. */
  end(reason: string): void {
    const fallingAsleep = this.#state === 'ending' && this.#sleeping;
    if (this.#state !== 'claimed' && !fallingAsleep) return this.terminate('ended', reason);
    this.#clear(this.#sleepDeadline);
    this.#sleeping = false;
    this.#state = 'ending';
    this.#ladderMs = performance.now();
    this.#post({ type: 'end', reason });
    this.#after(this.#parts.cancelGraceMs, () =>
      this.terminate('killed', `it did not let go when its session ended`),
    );
  }

  /** Its session has no work for it: the module may tidy up, then the thread goes, unless something goes on in it. */
  sleep(): void {
    this.#state = 'ending';
    this.#sleeping = true;
    this.#post({ type: 'sleep' });
    this.#sleepDeadline = this.#after(this.#parts.cancelGraceMs, () => {
      this.#parts.events.emit('module-log', {
        context: this.#owner?.context,
        key: undefined,
        source: 'session',
        level: 'warn',
        message:
          "the server module's onSleep took longer than cancel-grace, or the thread did not answer; it was taken away",
        fields: undefined,
      });
      this.terminate('slept', 'its session fell asleep');
    });
  }

  /** Last step: the thread dies. Harmless when it is dying already. */
  terminate(cause: ThreadExitCause, message: string, shortage = false): void {
    this.#exit ??= { cause, message, shortage };
    if (this.#doomed) return;
    this.#state = 'terminating';
    this.#ladderMs ??= this.#requests.cancelledSinceMs ?? performance.now();
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    this.#after(LET_GO_AFTER_MS, () => this.#letGoStuck());
    this.#after(STUCK_AFTER_MS, () =>
      this.#parts.events.emit('thread-stuck', {
        thread: this.id,
        context: this.#owner?.context,
        running: this.#running,
      }),
    );
    this.#parts.terminate();
  }

  /** Characters of messages that it has been sent and not read. */
  get unreadChars(): number {
    return this.#unread.chars;
  }

  /** Heap and Buffers, as last seen. */
  get memoryBytes(): number {
    return this.#memory.usedBytes;
  }

  /** Whose it is, once a session has claimed it. */
  get sessionId(): string | undefined {
    return this.#owner?.context.sessionId;
  }

  /** How much memory it holds, as seen from outside. */
  measured(memory: { usedBytes: number; heapBytes: number }): void {
    this.#memory = memory;
  }

  /** V8's code caches, with what has been compiled in this thread so far. */
  codeCaches(): Promise<CodeCaches> {
    return new Promise((resolve, reject) => {
      this.#codeCaches = resolve;
      void this.exited.then(({ message }) => reject(new Error(message)));
      this.#post({ type: 'code-cache' });
    });
  }

  snapshot(): ThreadSnapshot {
    return {
      thread: this.id,
      state: this.#state === 'gone' ? 'terminating' : this.#state,
      ageMs: performance.now() - this.#startedMs,
      memoryBytes: this.#memory.usedBytes,
      heapBytes: this.#memory.heapBytes,
      eventLoopUtilization: this.#worker?.performance.eventLoopUtilization().utilization ?? 0,
      childProcesses: this.#parts.childProcesses(),
      cancelledHandlers: this.#requests.cancelled,
    };
  }

  get #doomed(): boolean {
    return this.#state === 'terminating' || this.#state === 'stuck' || this.#state === 'gone';
  }

  /** Whatever a thread hands in, it must end no more than itself. */
  #guarded(frame: ThreadFrame): void {
    if (this.#requestsLost !== undefined) return;
    try {
      this.#receive(frame);
    } catch (error) {
      this.#unreadable(error);
    }
  }

  #unreadable(error: unknown): void {
    this.#parts.events.emit('notice', {
      level: 'error',
      message: `a session thread was ended: what it sent could not be handled: ${messageOf(error)}`,
      fields: { thread: this.id, sessionId: this.#owner?.context.sessionId },
    });
    this.terminate('crash', 'it sent something that the gateway can not handle');
  }

  #receive(frame: ThreadFrame): void {
    if (typeof frame === 'string') return this.#sent(readResultFrame(frame));
    if (isUnpaced(frame)) Atomics.add(this.#handledBytes, 0, backlogBytes(frame));
    const { events } = this.#parts;
    switch (frame.type) {
      case 'send':
        return this.#sent(frame);
      case 'settled':
        return this.#requests.settled(frame.requestId);
      case 'pong':
        return this.#requests.pong();
      case 'code-cache':
        return this.#codeCaches?.(frame.caches);
      case 'ready':
        this.#worker = this.#parts.worker;
        this.#niceness = frame.niceness;
        this.#systemThreadId = frame.systemThreadId;
        this.#traits = frame.traits;
        // The module's code has run in the thread by then: nothing that it says is taken for a name unseen.
        this.#rejectedCaches = CODE_CACHES.filter((cache) => frame.rejectedCaches.includes(cache));
        if (this.#state === 'starting') this.#state = 'spare';
        events.emit('thread-started', {
          thread: this.id,
          startMs: performance.now() - this.#startedMs,
          niceness: frame.niceness,
        });
        return this.#markReady();
      case 'claimed':
        this.#clear(this.#setupDeadline);
        this.#setupDeadline = undefined;
        this.#setUp = true;
        this.#parts.onSettled();
        return this.#owner?.onClaimed();
      case 'failed': {
        const step =
          frame.stage === 'setup' ? "the server module's setup failed" : 'the server module can not be used';
        const shortage = shortageOf(frame.error);
        return this.terminate(
          'start_failed',
          shortage ?? `${step}: ${frame.error.message}`,
          shortage !== undefined,
        );
      }
      case 'close-stream':
        return this.#owner?.onCloseStream(frame.requestId);
      case 'state':
        return this.#owner?.onState(frame.key, frame.value);
      case 'memory':
        this.#memory = frame;
        return;
      case 'over-memory':
        return this.terminate('out_of_memory', overLimitMessage(frame.limit, frame.usedBytes));
      case 'metrics':
        events.emit('thread-metrics', { thread: this.id, metrics: frame.metrics });
        return;
      case 'log':
        events.emit('module-log', {
          ...frame,
          message: this.#parts.readable(frame.message),
          fields: frame.fields && withReadableStacks(frame.fields, this.#parts.readable),
          context: this.#owner?.context,
        });
        return;
      case 'log-dropped':
        events.emit('module-log-dropped', { context: this.#owner?.context, lines: frame.lines });
        return;
      case 'held':
        this.#held = frame.held;
        if (this.#held) return;
        this.#owner?.onReleased();
        return this.#parts.onSettled();
      case 'stay-awake':
        if (this.#state !== 'ending' || !this.#sleeping) return;
        this.#clear(this.#sleepDeadline);
        this.#sleeping = false;
        this.#state = 'claimed';
        this.#owner?.onStayAwake();
        return this.#parts.onSettled();
      case 'server-closed':
        return this.#owner?.onServerClosed();
      case 'ended':
        if (this.#sleeping) return this.terminate('slept', 'its session fell asleep');
        return this.terminate('ended', 'its session ended');
      default:
        return frame satisfies never;
    }
  }

  #sent(frame: SendFrame): void {
    if (frame.kind === 'response' && frame.id !== undefined) this.#requests.settled(frame.id);
    const { stack } = frame;
    this.#owner?.onSend(stack === undefined ? frame : { ...frame, stack: this.#parts.readable(stack) });
  }

  async #closed(): Promise<void> {
    const { life, events } = this.#parts;
    const died = await life.then(
      () => new Error('the thread came to its end by itself'),
      (error: unknown) => error,
    );
    for (const timer of this.#timers) timer.clear();
    const killMs =
      this.#exit?.cause === 'killed' && this.#ladderMs !== undefined
        ? performance.now() - this.#ladderMs
        : undefined;
    const exit = this.#exit ?? causeOf(died);
    this.#state = 'gone';
    this.#failReady(new Error(exit.message));
    const requestsLost = this.#letGo(exit);
    events.emit('thread-exited', {
      thread: this.id,
      cause: exit.cause,
      message: exit.message,
      stack: exit.stack && this.#parts.readable(exit.stack),
      killMs,
      context: this.#owner?.context,
      requestsLost,
      running: this.#running,
    });
    this.#markExited(exit);
  }

  /** V8 has been told to run no more of its code; what holds it is native, and returns to nothing. */
  #letGoStuck(): void {
    if (this.#state !== 'terminating' || this.#exit === undefined) return;
    this.#state = 'stuck';
    this.#letGo(this.#exit);
    this.#parts.onStuck();
  }

  /** Tells its session, once, of its end. How many requests were lost is returned. */
  #letGo(exit: ThreadExit): number {
    if (this.#requestsLost !== undefined) return this.#requestsLost;
    this.#requestsLost = 0;
    // What a thread that died in `setup` was sent would end the next one's as well.
    const unread = this.#setUp ? this.#unread.left((id) => this.#requests.stateOf(id) === 'running') : [];
    for (const { requestId } of unread) if (requestId !== undefined) this.#requests.forget(requestId);
    if (this.#setUp) this.#running = this.#requests.operations;
    this.#requests.clear();
    try {
      this.#requestsLost = this.#owner?.onExit(exit, unread) ?? 0;
    } catch (error) {
      this.#parts.events.emit('notice', {
        level: 'error',
        message: `a session could not be told of its thread's end: ${messageOf(error)}`,
        fields: { thread: this.id, sessionId: this.#owner?.context.sessionId },
      });
    }
    return this.#requestsLost;
  }

  #post(frame: MainFrame): void {
    this.#parts.port.postMessage(frame);
  }

  /** Gives all of the time again after a stall: the thread has stood still with the process. */
  #after(ms: number, callback: () => void): Deadline {
    const timer = new Deadline(
      ms,
      () => {
        this.#timers.delete(timer);
        callback();
      },
      'again',
    );
    this.#timers.add(timer);
    return timer;
  }

  #clear(timer: Deadline | undefined): void {
    if (timer === undefined) return;
    timer.clear();
    this.#timers.delete(timer);
  }
}

/** Errors among the fields of a log line are plain objects by now. */
function withReadableStacks(
  fields: Readonly<Record<string, unknown>>,
  readable: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const stack = (value as { readonly stack?: unknown } | null)?.stack;
      return [name, typeof stack === 'string' ? { ...(value as object), stack: readable(stack) } : value];
    }),
  );
}
