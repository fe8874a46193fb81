/** What the workers of all servers share: the limit on their number, their ids, and the keeper of processes. */
import type { ResolvedOptions } from '../config/options.js';
import { CHILD_KEEPER, ChildKeeper } from '../isolation/port/child-keeper.js';
import { liveThreads } from '../isolation/thread/live-threads.js';
import { PROCESS_WORDS, THREAD_WORDS, WorkerBudget } from '../isolation/worker-budget.js';
import { numbers } from '../shared/numbers.js';
import type { StopDeadline } from '../shared/stop-deadline.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import { endLeftovers } from './leftovers.js';
import { Preparations } from './preparations.js';

export class HostedWorkers {
  readonly threads: WorkerBudget;
  readonly processes: WorkerBudget;
  readonly keeper: ChildKeeper;
  readonly preparations = new Preparations();
  readonly nextId = numbers();
  readonly #events: GatewayEmitter;
  #stopSearch: (() => Promise<void>) | undefined;

  constructor(options: ResolvedOptions, events: GatewayEmitter) {
    this.#events = events;
    this.threads = new WorkerBudget(options.maxThreads, THREAD_WORDS);
    this.processes = new WorkerBudget(options.maxProcesses, PROCESS_WORDS);
    this.keeper = new ChildKeeper(CHILD_KEEPER, events, options.threadNice);
  }

  /** Begins to end what dead gateways left behind. Nothing waits for it. */
  endLeftovers(): void {
    this.#stopSearch = endLeftovers(this.#events);
  }

  /** Called when all servers are closed: the keeper kills at once what it could not end gently in time. */
  async close(deadline: StopDeadline): Promise<void> {
    if (this.#stopSearch !== undefined && !(await deadline.within(this.#stopSearch()))) liveThreads.add(this);
    if (!(await deadline.within(this.keeper.close()))) this.killNow();
  }

  killNow(): void {
    this.keeper.killAllNow();
  }
}
