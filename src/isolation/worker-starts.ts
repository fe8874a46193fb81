/** Starts the workers of one pool, counts those that are not ready yet, and reports what becomes of each. */
import { performance } from 'node:perf_hooks';
import type { GatewayEmitter, Isolation } from '../telemetry/events.js';
import { startFailure } from './start-shortage.js';
import type { Starters } from './starters.js';
import type { SessionWorker, WorkerExit } from './worker.js';
import type { StarterOwner } from './worker-starter.js';

export interface WorkerStartsOwner<Worker extends SessionWorker> extends StarterOwner {
  /** It is a spare now. */
  onReady(worker: Worker, startMs: number): void;
  /** The system did not provide a worker. */
  onRefused(exit: WorkerExit): void;
  /** @param wasReady whether it has been a spare */
  onGone(worker: Worker, exit: WorkerExit, wasReady: boolean): void;
}

export class WorkerStarts<Worker extends SessionWorker> {
  readonly #starters: Starters<Worker>;
  readonly #isolation: Isolation;
  readonly #events: GatewayEmitter;
  readonly #owner: WorkerStartsOwner<Worker>;
  #underWay = 0;

  constructor(
    starters: Starters<Worker>,
    isolation: Isolation,
    events: GatewayEmitter,
    owner: WorkerStartsOwner<Worker>,
  ) {
    this.#starters = starters;
    this.#isolation = isolation;
    this.#events = events;
    this.#owner = owner;
  }

  /** How many are being started. */
  get underWay(): number {
    return this.#underWay;
  }

  /** @returns `undefined` if the system does not provide one; the owner has been told why */
  start(id: number): Worker | undefined {
    const startedMs = performance.now();
    let worker: Worker;
    let wasReady = false;
    let starting = true;
    this.#underWay += 1;
    const over = (): void => {
      if (starting) this.#underWay -= 1;
      starting = false;
    };
    const owner: StarterOwner = {
      onSettled: () => this.#owner.onSettled(),
      onAskedEarly: (asking) => this.#owner.onAskedEarly(asking),
      onStuck: () => {
        // It can become nobody's any more, though it still exists.
        over();
        this.#owner.onStuck();
      },
    };
    try {
      worker = this.#starters.start(id, owner);
    } catch (error) {
      over();
      this.#refused(id, error);
      return undefined;
    }
    void worker.ready.then(() => {
      wasReady = true;
      over();
      this.#owner.onReady(worker, performance.now() - startedMs);
    }, over);
    void worker.gone.then((exit) => {
      // Before the owner is told, who may start another one in its place.
      over();
      this.#starters.gone(worker);
      this.#owner.onGone(worker, exit, wasReady);
    });
    return worker;
  }

  #refused(id: number, error: unknown): void {
    const { message, shortage } = startFailure(error);
    this.#events.emit('thread-exited', {
      thread: id,
      isolation: this.#isolation,
      cause: 'start_failed',
      message,
      killMs: undefined,
      context: undefined,
      requestsLost: 0,
    });
    this.#owner.onRefused({ cause: 'start_failed', message, shortage });
  }
}
