/**
 * Takes a session out of a worker that runs an earlier version of its server. The requests that run there finish there;
 * what the client sends meanwhile waits for the new version. Then the worker is told to sleep, and the session wakes in
 * the new version when it needs a worker.
 *
 * A long call must not hold up all others. So they wait for a limited time, and then use the earlier version until the
 * calls that have taken so long are over. Two workers at the same time would be wrong: a session's server runs once, and
 * `session.state` has one writer.
 */
import { Deadline } from '../shared/deadline.js';
import type { RequestId } from '../shared/request-id.js';

/** How long messages wait for running requests. Clients wait 60 s for the answer to a call. */
export const CHANGE_WAIT_MS = 5_000;
/** How long work that belongs to no request, such as a hold, may go on. */
export const CHANGE_HOLD_MS = 2_000;

/** The session's worker, as the change sees it. */
export interface ChangedWorker {
  /** Whether `setup` or a handler runs in it. */
  readonly busy: boolean;
  /** Whether it has work that belongs to no request: a hold, a child process, a question to its client. */
  readonly held: boolean;
  /** Requests that it was sent and has not answered. */
  readonly posted: readonly RequestId[];
  runs(requestId: RequestId): boolean;
  /** Messages that wait are for this worker after all. */
  postWaiting(): void;
  /** It is told to sleep. */
  leave(insists: boolean): void;
}

export class VersionChange {
  readonly #worker: ChangedWorker;
  /** Requests that take so long that others do not wait for them; `undefined`: all messages wait. */
  #slow: readonly RequestId[] | undefined;
  #wait: Deadline | undefined;
  #hold: Deadline | undefined;
  #holdOver = false;
  #leaving = false;

  constructor(worker: ChangedWorker) {
    this.#worker = worker;
  }

  /** Whether what the client sends waits for the new version. */
  get waits(): boolean {
    return this.#slow === undefined;
  }

  /** A message waits. */
  onWaiting(): void {
    if (this.#leaving) return;
    this.#wait ??= new Deadline(CHANGE_WAIT_MS, () => this.#giveUp(), 'again').unref();
  }

  /** Something in the worker may have ended. */
  look(): void {
    if (this.#leaving) return;
    if (this.#slow !== undefined) {
      this.#slow = this.#slow.filter((id) => this.#worker.runs(id));
      if (this.#slow.length === 0) this.#slow = undefined;
    }
    if (this.#worker.busy) return;
    if (!this.#worker.held || this.#holdOver) return this.#leave(this.#holdOver);
    this.#hold ??= new Deadline(CHANGE_HOLD_MS, () => this.#holdEnds(), 'again').unref();
  }

  /** It was told to sleep, and has work that was not known. */
  refused(): void {
    this.#leaving = false;
    if (this.#worker.busy) return this.look();
    this.#hold ??= new Deadline(CHANGE_HOLD_MS, () => this.#holdEnds(), 'again').unref();
  }

  /** The worker is gone, or its session ends. */
  close(): void {
    this.#wait?.clear();
    this.#hold?.clear();
  }

  #leave(insists: boolean): void {
    this.#leaving = true;
    this.#slow = undefined;
    this.close();
    this.#wait = undefined;
    this.#hold = undefined;
    this.#worker.leave(insists);
  }

  #holdEnds(): void {
    this.#hold = undefined;
    this.#holdOver = true;
    this.look();
  }

  /** Nothing runs any more if the worker only has a hold: that ends sooner. */
  #giveUp(): void {
    this.#wait = undefined;
    const slow = this.#worker.posted.filter((id) => this.#worker.runs(id));
    if (slow.length === 0) return this.look();
    this.#slow = slow;
    this.#worker.postWaiting();
  }
}
