/** The start of a worker: until it is ready, and then until its session's `setup` has ended. Each has a deadline. */
import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Deadline } from '../../shared/deadline.js';
import type { Isolation } from '../../telemetry/events.js';
import type { WorkerTimers } from './worker-timers.js';

/** For what has no deadline of its own; generous, because a build box under load starts threads slowly. */
export const READY_DEADLINE_MS = 30_000;

/** Why a worker was not ready in time, if its event loop was idle meanwhile. */
export const NOT_SETTLED = 'an await at the top level of what it imports has not settled';

/**
 * @param what a thread or a process
 * @param loop its event loop since it has started, where that can be seen
 */
export function notReady(what: Isolation, seconds: number, loop: EventLoopUtilization | undefined): string {
  const late = `the ${what} was not ready within ${seconds} s`;
  if (loop === undefined) return late;
  return `${late}: ${loop.idle > 0 ? NOT_SETTLED : 'what it imports runs on and does not return'}`;
}

export class WorkerStart {
  /** Resolves when the server module is loaded; rejects with the exit's message. */
  readonly ready: Promise<void>;
  readonly #timers: WorkerTimers;
  #deadline: Deadline | undefined;
  #isSettingUp = false;
  #isSetUp = false;
  #markReady: () => void = () => {};
  #failReady: (error: Error) => void = () => {};

  /**
   * @param readyMs how long it may take until it is ready
   * @param onLate called with how long it was waited for, in seconds
   */
  constructor(timers: WorkerTimers, readyMs: number, onLate: (seconds: number) => void) {
    this.#timers = timers;
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#failReady = reject;
    });
    // Whoever waits for it handles its rejection; nobody has to wait.
    this.ready.catch(() => {});
    this.#deadline = timers.after(readyMs, () => onLate(readyMs / 1000));
  }

  /** Whether `setup` runs in it. */
  get isSettingUp(): boolean {
    return this.#isSettingUp;
  }

  get isSetUp(): boolean {
    return this.#isSetUp;
  }

  markReady(): void {
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
}
