/** The start of a worker: until it is ready, and then until its session's `setup` has ended. Each has a deadline. */
import { performance } from 'node:perf_hooks';
import type { Deadline } from '../../shared/deadline.js';
import type { ThreadExitCause } from '../../telemetry/events.js';
import type { WorkerHost } from './worker-host.js';
import type { WorkerTimers } from './worker-timers.js';

/** For what has no deadline of its own; generous, because a build box under load starts threads slowly. */
export const READY_DEADLINE_MS = 30_000;

/** Why a worker was not ready in time, if its event loop was idle meanwhile. */
export const NOT_SETTLED = 'an await at the top level of what it imports has not settled';

/** How long before its deadline it is asked for a sign of life, at most: a busy machine may be slow to give it. */
const ASK_BEFORE_MS = 2_000;

type WorkerStartHost = Pick<WorkerHost<unknown>, 'isolation' | 'importsModule' | 'readyDeadlineMs'>;

/** The worker that starts. */
export interface WorkerStartOwner {
  readonly requests: {
    /** By `performance.now()`. */
    readonly lastPongMs: number;
  };
  ping(): void;
  kill(cause: ThreadExitCause, message: string): void;
}

export class WorkerStart {
  /** Resolves when the server module is loaded; rejects with the exit's message. */
  readonly ready: Promise<void>;
  readonly #timers: WorkerTimers;
  readonly #owner: WorkerStartOwner;
  #deadline: Deadline | undefined;
  #asking: Deadline | undefined;
  #askedMs = Number.POSITIVE_INFINITY;
  #isSettingUp = false;
  #isSetUp = false;
  #markReady: () => void = () => {};
  #failReady: (error: Error) => void = () => {};

  constructor(
    timers: WorkerTimers,
    { isolation, importsModule, readyDeadlineMs }: WorkerStartHost,
    owner: WorkerStartOwner,
  ) {
    this.#timers = timers;
    this.#owner = owner;
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#failReady = reject;
    });
    // Whoever waits for it handles its rejection; nobody has to wait.
    this.ready.catch(() => {});
    if (importsModule) {
      const askMs = readyDeadlineMs - Math.min(ASK_BEFORE_MS, readyDeadlineMs / 2);
      this.#asking = timers.after(askMs, () => this.#ask());
    }
    this.#deadline = timers.after(readyDeadlineMs, () => {
      const why = importsModule ? `: ${this.#whyNot()}` : '';
      owner.kill('start_failed', `the ${isolation} was not ready within ${readyDeadlineMs / 1000} s${why}`);
    });
  }

  /** Whether `setup` runs in it. */
  get isSettingUp(): boolean {
    return this.#isSettingUp;
  }

  get isSetUp(): boolean {
    return this.#isSetUp;
  }

  markReady(): void {
    this.#timers.clear(this.#asking);
    this.#timers.clear(this.#deadline);
    this.#markReady();
  }

  /** Does nothing if it was ready before. */
  fail(message: string): void {
    this.#failReady(new Error(message));
  }

  setUp(deadlineMs: number, onLate: (seconds: number) => void): void {
    this.#isSettingUp = true;
    this.#deadline = this.#timers.after(deadlineMs, () => onLate(deadlineMs / 1000));
  }

  hasSetUp(): void {
    this.#timers.clear(this.#deadline);
    this.#isSettingUp = false;
    this.#isSetUp = true;
  }

  /** A worker whose import waits has an event loop that turns. */
  #ask(): void {
    this.#askedMs = performance.now();
    this.#owner.ping();
  }

  #whyNot(): string {
    const { lastPongMs } = this.#owner.requests;
    // The first sign of life says that the import begins.
    if (lastPongMs === 0) return 'it had not begun to load the server module; is the machine too busy?';
    return lastPongMs >= this.#askedMs ? NOT_SETTLED : 'what it imports runs on and does not return';
  }
}
