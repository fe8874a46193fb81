/**
 * What starts the workers of a pool: the present version of its server, and earlier ones, which start nothing any more
 * and are closed when the last of their workers is gone.
 */
import { StopDeadline } from '../shared/stop-deadline.js';
import type { SessionWorker } from './worker.js';
import type { Retirement, StarterOwner, WorkerStarter } from './worker-starter.js';

/** For what the workers of an earlier version have left: child processes get SIGTERM, and SIGKILL later. */
const CLOSE_MS = 5_000;

export class Starters<Worker extends SessionWorker> {
  #present: WorkerStarter<Worker>;
  /** Each with its workers that still exist. */
  readonly #live = new Map<WorkerStarter<Worker>, Set<Worker>>();
  readonly #closing = new Map<WorkerStarter<Worker>, Promise<void>>();
  readonly #starterOf = new WeakMap<SessionWorker, WorkerStarter<Worker>>();
  #stateBytes = 0;
  #closed = false;

  constructor(present: WorkerStarter<Worker>) {
    this.#present = present;
    this.#live.set(present, new Set());
  }

  /** Workers are started with this one from now on. */
  replace(next: WorkerStarter<Worker>, retirement: Retirement): void {
    const earlier = [...this.#live];
    this.#present = next;
    this.#live.set(next, new Set());
    next.stateUsed(this.#stateBytes);
    for (const [starter, workers] of earlier) {
      // What a later version says of those that stay holds for them as well, but only `all` says more than before.
      if (starter.retirement !== 'all') starter.retire(retirement);
      if (workers.size === 0) this.#close(starter);
    }
  }

  /** @throws as `WorkerStarter.start` */
  start(id: number, owner: StarterOwner): Worker {
    const starter = this.#present;
    const worker = starter.start(id, owner);
    this.#starterOf.set(worker, starter);
    this.#live.get(starter)?.add(worker);
    return worker;
  }

  /** The worker is gone. */
  gone(worker: Worker): void {
    const starter = this.#starterOf.get(worker);
    const workers = starter && this.#live.get(starter);
    if (starter === undefined || workers === undefined) return;
    workers.delete(worker);
    if (workers.size === 0 && starter !== this.#present) this.#close(starter);
  }

  /** Workers that run an earlier version. */
  get earlier(): number {
    let earlier = 0;
    for (const [starter, workers] of this.#live) if (starter !== this.#present) earlier += workers.size;
    return earlier;
  }

  get childProcesses(): number {
    let total = 0;
    for (const starter of this.#all()) total += starter.childProcesses;
    return total;
  }

  async childrenGone(worker: SessionWorker): Promise<void> {
    await this.#starterOf.get(worker)?.childrenGone(worker);
  }

  stateUsed(bytes: number): void {
    this.#stateBytes = bytes;
    for (const starter of this.#live.keys()) starter.stateUsed(bytes);
  }

  /** All workers have been killed. Resolves when everything that they left is gone, or at the deadline. */
  async close(deadline: StopDeadline): Promise<void> {
    this.#closed = true;
    const live = [...this.#live.keys()];
    this.#live.clear();
    await Promise.all([
      ...live.map((starter) => starter.close(deadline)),
      ...[...this.#closing.values()].map((closing) => deadline.within(closing)),
    ]);
  }

  killChildrenNow(): void {
    for (const starter of this.#all()) starter.killChildrenNow();
  }

  *#all(): Generator<WorkerStarter<Worker>> {
    yield* this.#live.keys();
    yield* this.#closing.keys();
  }

  #close(starter: WorkerStarter<Worker>): void {
    if (this.#closed || !this.#live.delete(starter)) return;
    const closing = starter.close(new StopDeadline(CLOSE_MS)).finally(() => this.#closing.delete(starter));
    this.#closing.set(starter, closing);
  }
}
