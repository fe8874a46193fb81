/**
 * Starts servers that speak stdio, one process for each session. The keeper's thread starts the process, reads and
 * writes its lines, and answers for it as a session thread would. So the main thread sees a worker at the end of a
 * port, as any other.
 */
import type { ServeFrame } from '../../shared/keeper-frames.js';
import type { StopDeadline } from '../../shared/stop-deadline.js';
import type { ToolRuleLists } from '../../shared/tool-rules.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { ChildKeeper } from '../port/child-keeper.js';
import { PortWorker } from '../port/port-worker.js';
import { processCounters } from '../port/shared-counters.js';
import type { WorkerHost } from '../port/worker-host.js';
import type { SessionWorker } from '../worker.js';
import type { StarterOwner, WorkerStarter } from '../worker-starter.js';

const MEBIBYTE = 1024 * 1024;
/** The keeper reports earlier, and in more detail, that a program does not answer. */
const KEEPER_LEAD_MS = 5_000;

export interface ProcessStarterOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  readonly processMemoryMb: number;
  readonly cancelGraceMs: number;
  /** Whether its sessions may lose their process while they have no work. */
  readonly sleeps: boolean;
  readonly tools: ToolRuleLists | undefined;
  /** Whether to report what it answers to `initialize` and to the lists. */
  readonly learns: boolean;
}

export class ProcessStarter implements WorkerStarter<PortWorker>, WorkerHost<PortWorker> {
  readonly isolation = 'process';
  readonly setupDeadlineMs: number;
  readonly cancelGraceMs: number;
  readonly events: GatewayEmitter;
  readonly #keeper: ChildKeeper;
  readonly #serve: Omit<ServeFrame, 'takenMessages'>;
  readonly #owners = new Map<PortWorker, { readonly owner: StarterOwner; readonly close: () => void }>();
  /** Workers whose processes may still exist. */
  readonly #unreleased = new Map<number, Promise<void>>();

  /** @param keeper one for all servers; whoever created it closes it */
  constructor(options: ProcessStarterOptions, keeper: ChildKeeper, events: GatewayEmitter) {
    this.events = events;
    this.cancelGraceMs = options.cancelGraceMs;
    this.setupDeadlineMs = options.startTimeoutMs + KEEPER_LEAD_MS;
    this.#keeper = keeper;
    const { command, args, cwd, env, startTimeoutMs, sleeps, tools, learns } = options;
    const memoryLimitBytes = options.processMemoryMb * MEBIBYTE;
    const program = { command, args, cwd, env, startTimeoutMs, memoryLimitBytes, sleeps, tools, learns };
    this.#serve = { type: 'serve', ...program };
  }

  get childProcesses(): number {
    let total = 0;
    for (const id of this.#unreleased.keys()) total += this.#keeper.running(id);
    return total;
  }

  start(id: number, owner: StarterOwner): PortWorker {
    const counters = processCounters();
    const port = this.#keeper.connect(id);
    const frame: ServeFrame = { ...this.#serve, takenMessages: counters.takenMessages };
    port.postMessage(frame);
    const life = Promise.resolve();
    const worker = new PortWorker(id, { port, life, worker: undefined, counters }, this);
    this.#owners.set(worker, { owner, close: () => port.close() });
    const released = this.#keeper.released(id).then(() => void this.#unreleased.delete(id));
    this.#unreleased.set(id, released);
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

  readable(text: string): string {
    return text;
  }

  onSettled(worker: PortWorker): void {
    this.#owners.get(worker)?.owner.onSettled();
  }

  onStuck(worker: PortWorker): void {
    this.#owners.get(worker)?.owner.onStuck();
  }

  childrenGone({ id }: SessionWorker): Promise<void> {
    return this.#keeper.released(id);
  }

  /** A program does not know `session.state`. */
  stateUsed(): void {}

  async close(deadline: StopDeadline): Promise<void> {
    await deadline.within(Promise.all(this.#unreleased.values()));
  }

  killChildrenNow(): void {
    this.#keeper.killAllNow();
  }
}
