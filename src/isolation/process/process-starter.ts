/**
 * Starts the processes that serve sessions, one for each session. The keeper's thread starts the process, and is at the
 * other end of the worker's port: it answers for a program that speaks stdio (`program-process.ts`), and passes frames
 * on to a session worker (`module-process.ts`). So the main thread sees a worker at the end of a port, as any other.
 */
import type { ServeFrame, ServeModuleFrame } from '../../shared/keeper-frames.js';
import type { StopDeadline } from '../../shared/stop-deadline.js';
import type { SharedCounters } from '../../shared/thread-start.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { ChildKeeper } from '../port/child-keeper.js';
import { CodeCacheNotices } from '../port/code-cache-notices.js';
import { PortWorker } from '../port/port-worker.js';
import { SharedStateUse, sharedCounters } from '../port/shared-counters.js';
import type { WorkerHost } from '../port/worker-host.js';
import type { SessionWorker } from '../worker.js';
import type { Retirement, StarterOwner, WorkerStarter } from '../worker-starter.js';

/** What a server's processes are. */
export interface ProcessKind {
  readonly cancelGraceMs: number;
  /** See `WorkerHost`. */
  readonly importsModule: boolean;
  /** See `WorkerHost`. */
  readonly readyDeadlineMs: number;
  /** How long it may take from its claim until it serves its session. */
  readonly setupDeadlineMs: number;
  /** The first frame to the keeper, which says what to start. */
  serve(counters: SharedCounters): ServeFrame | ServeModuleFrame;
  /** See `WorkerHost`. */
  readable(text: string): string;
  /** No process of it is left, and none starts any more. */
  close?(): Promise<void>;
}

export class ProcessStarter implements WorkerStarter<PortWorker>, WorkerHost<PortWorker> {
  readonly isolation = 'process';
  readonly importsModule: boolean;
  readonly readyDeadlineMs: number;
  readonly setupDeadlineMs: number;
  readonly cancelGraceMs: number;
  readonly events: GatewayEmitter;
  readonly #keeper: ChildKeeper;
  readonly #process: ProcessKind;
  readonly #stateUse = new SharedStateUse();
  #retirement: Retirement | undefined;
  readonly #codeCaches: CodeCacheNotices;
  readonly #owners = new Map<PortWorker, { readonly owner: StarterOwner; readonly close: () => void }>();
  /** Workers whose processes may still exist. */
  readonly #unreleased = new Map<number, Promise<void>>();

  /** @param keeper one for all servers; whoever created it closes it */
  constructor(process: ProcessKind, keeper: ChildKeeper, events: GatewayEmitter) {
    this.events = events;
    this.cancelGraceMs = process.cancelGraceMs;
    this.importsModule = process.importsModule;
    this.readyDeadlineMs = process.readyDeadlineMs;
    this.setupDeadlineMs = process.setupDeadlineMs;
    this.#process = process;
    this.#keeper = keeper;
    this.#codeCaches = new CodeCacheNotices('the server module', 'process', events);
  }

  get retirement(): Retirement | undefined {
    return this.#retirement;
  }

  get childProcesses(): number {
    let total = 0;
    for (const id of this.#unreleased.keys()) total += this.#keeper.running(id);
    return total;
  }

  start(id: number, owner: StarterOwner): PortWorker {
    const counters = sharedCounters(this.#stateUse);
    const port = this.#keeper.connect(id);
    port.postMessage(this.#process.serve(counters));
    const life = Promise.resolve();
    const worker = new PortWorker(id, { port, life, worker: undefined, counters }, this);
    this.#owners.set(worker, { owner, close: () => port.close() });
    const released = this.#keeper.released(id).then(() => void this.#unreleased.delete(id));
    this.#unreleased.set(id, released);
    worker.ready.then(
      () => this.#codeCaches.refused(worker.facts?.rejectedCaches ?? []),
      // The pool also waits for it, and receives the reason.
      () => {},
    );
    void worker.gone.then(() => this.#owners.delete(worker));
    return worker;
  }

  /**
   * The keeper closes its stdin and ends everything that it has started: with SIGTERM, and with SIGKILL a moment later.
   */
  terminate(worker: PortWorker): void {
    this.#owners.get(worker)?.close();
  }

  childProcessesOf({ id }: PortWorker): number {
    return this.#keeper.running(id);
  }

  processorMsOf({ id }: PortWorker): number {
    return this.#keeper.processorMs(id);
  }

  readable(text: string): string {
    return this.#process.readable(text);
  }

  onSettled(worker: PortWorker): void {
    this.#owners.get(worker)?.owner.onSettled();
  }

  onAskedEarly(worker: PortWorker): void {
    this.#owners.get(worker)?.owner.onAskedEarly(worker);
  }

  onStuck(worker: PortWorker): void {
    this.#owners.get(worker)?.owner.onStuck();
  }

  childrenGone({ id }: SessionWorker): Promise<void> {
    return this.#keeper.released(id);
  }

  retire(retirement: Retirement): void {
    this.#retirement = retirement;
  }

  stateUsed(bytes: number): void {
    this.#stateUse.tell(bytes);
  }

  async close(deadline: StopDeadline): Promise<void> {
    await deadline.within(Promise.all(this.#unreleased.values()));
    await deadline.within(Promise.resolve(this.#process.close?.()));
  }

  killChildrenNow(): void {
    this.#keeper.killAllNow();
  }
}
