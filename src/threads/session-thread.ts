/**
 * One session thread as the main thread sees it: its port, its states and the kill ladder. The only file that
 * knows that a session runs in a thread.
 *
 * The kill ladder: `cancel` aborts a request's handler and starts its grace (running-requests.ts). `end` aborts
 * everything; what has not settled after the cancel grace is terminated with the thread.
 *
 * The port's `close` event is the one death signal. It comes after an abort, a throw, an unhandled rejection,
 * `process.exit` and an out-of-memory end alike, and only once the thread is really gone. Everything that waits
 * on the thread is settled there and nowhere else.
 */
import { performance } from 'node:perf_hooks';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { GatewayEmitter, ThreadExitCause } from '../events.js';
import {
  backlogBytes,
  type CodeCaches,
  isUnpaced,
  type MainFrame,
  type ModuleTraits,
  messageFrame,
  type RequestId,
  readResultFrame,
  type SendFrame,
  type ThreadFrame,
} from '../shared/frames.js';
import { overLimitMessage } from '../shared/memory-limits.js';
import type { ThreadSnapshot, ThreadState } from '../snapshot.js';
import { RunningRequests } from './running-requests.js';
import { causeOf, type PostedRequest, type ThreadExit, type ThreadOwner } from './thread-owner.js';

/** Import of the server module included; generous, because a build box under load starts threads slowly. */
const START_DEADLINE_MS = 30_000;
const SETUP_DEADLINE_MS = 30_000;
/** A native call that does not return (a synchronous read of a pipe, say) can't be interrupted. */
const STUCK_AFTER_MS = 5_000;

export interface SessionThreadParts {
  readonly id: number;
  readonly port: MessagePort;
  /** The thread's whole life as piscina's promise: it rejects when the thread ends or was aborted. */
  readonly life: Promise<unknown>;
  readonly terminate: () => void;
  readonly workerOf: (threadId: number) => Worker | undefined;
  readonly childProcesses: () => number;
  /** Whether any thread has ever started a child process. */
  readonly spawnsChildren: () => boolean;
  /** A text from the thread, with positions in the server module's own files. */
  readonly readable: (text: string) => string;
  readonly cancelGraceMs: number;
  readonly events: GatewayEmitter;
  /** Its setup is over, or it will not go to sleep: the pool may have to take another one for who waits. */
  readonly onSettled: () => void;
}

type Claim = Omit<
  Extract<MainFrame, { type: 'claim' }>,
  'type' | 'context' | 'tracksRequests' | 'handledBytes'
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
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: ThreadState | 'gone' = 'starting';
  #owner: ThreadOwner | undefined;
  #worker: Worker | undefined;
  #memory = { usedBytes: 0, heapBytes: 0 };
  #niceness: number | undefined;
  #traits: ModuleTraits | undefined;
  readonly #handledBytes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #held = false;
  #sleeping = false;
  #sleepDeadline: NodeJS.Timeout | undefined;
  #codeCaches: ((caches: CodeCaches) => void) | undefined;
  #setupDeadline: NodeJS.Timeout | undefined;
  /** Set when the thread is doomed, by whoever decided it first. */
  #exit: ThreadExit | undefined;
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
    parts.life.catch(() => {});
    parts.port.on('message', (frame: ThreadFrame) => this.#receive(frame));
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

  /** What the server module says of itself; known when the thread is ready. */
  get traits(): ModuleTraits | undefined {
    return this.#traits;
  }

  /** Whether nothing is known that goes on in it: a handler, cancelled ones among them, or a hold. */
  get idle(): boolean {
    return this.#requests.size === 0 && !this.#held;
  }

  /** Once the thread has told its id, until it is doomed. */
  get worker(): Worker | undefined {
    return this.#state === 'terminating' || this.#state === 'gone' ? undefined : this.#worker;
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
    const handledBytes = this.#handledBytes;
    this.#post({ type: 'claim', context: owner.context, tracksRequests, handledBytes, ...claim });
    this.#setupDeadline = this.#after(SETUP_DEADLINE_MS, () =>
      this.terminate('killed', `the server module's setup took longer than ${SETUP_DEADLINE_MS / 1000} s`),
    );
  }

  request({ requestId, key, body, plainCall }: PostedRequest): void {
    this.#requests.started(requestId);
    this.#post(messageFrame(key, body, plainCall));
  }

  /** A notification or a response of the client. */
  message(body: string): void {
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
  terminate(cause: ThreadExitCause, message: string): void {
    this.#exit ??= { cause, message };
    if (this.#state === 'terminating' || this.#state === 'gone') return;
    this.#state = 'terminating';
    this.#ladderMs ??= this.#requests.cancelledSinceMs ?? performance.now();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#after(STUCK_AFTER_MS, () =>
      this.#parts.events.emit('thread-stuck', { thread: this.id, context: this.#owner?.context }),
    );
    this.#parts.terminate();
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
        this.#worker = this.#parts.workerOf(frame.threadId);
        this.#niceness = frame.niceness;
        this.#traits = frame.traits;
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
        this.#parts.onSettled();
        return this.#owner?.onClaimed();
      case 'failed': {
        const step =
          frame.stage === 'setup' ? "the server module's setup failed" : 'the server module can not be used';
        return this.terminate('start_failed', `${step}: ${frame.error.message}`);
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
    this.#owner?.onSend(frame);
  }

  async #closed(): Promise<void> {
    const { life, events } = this.#parts;
    const died = await life.then(
      () => new Error('the thread came to its end by itself'),
      (error: unknown) => error,
    );
    for (const timer of this.#timers) clearTimeout(timer);
    const killMs =
      this.#exit?.cause === 'killed' && this.#ladderMs !== undefined
        ? performance.now() - this.#ladderMs
        : undefined;
    const exit = this.#exit ?? causeOf(died);
    this.#state = 'gone';
    this.#requests.clear();
    this.#failReady(new Error(exit.message));
    const requestsLost = this.#owner?.onExit(exit) ?? 0;
    events.emit('thread-exited', {
      thread: this.id,
      cause: exit.cause,
      message: exit.message,
      killMs,
      context: this.#owner?.context,
      requestsLost,
    });
    this.#markExited(exit);
  }

  #post(frame: MainFrame): void {
    this.#parts.port.postMessage(frame);
  }

  #after(ms: number, callback: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #clear(timer: NodeJS.Timeout | undefined): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(timer);
  }
}
