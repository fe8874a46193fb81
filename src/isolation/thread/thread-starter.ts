/**
 * Starts session threads. piscina runs each as one task that lasts as long as the thread and is aborted to terminate
 * it. What a thread leaves behind is ended here too: its child processes, and jobs in libuv's pool that keep it from
 * ending.
 */
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { BundledModule } from '../../servers/bundle-parts.js';
import { OriginalPositions } from '../../servers/original-positions.js';
import type { CodeCaches } from '../../shared/code-caches.js';
import type { ErrorDetail } from '../../shared/errors.js';
import type { MemoryLimits } from '../../shared/memory-limits.js';
import { newMark } from '../../shared/process-owner.js';
import type { StopDeadline } from '../../shared/stop-deadline.js';
import type {
  CommonThreadData,
  EnvironmentOptions,
  ModuleThreadData,
  NodeProgram,
  SessionThreadData,
} from '../../shared/thread-start.js';
import type { ToolRuleLists } from '../../shared/tool-rules.js';
import type { TranspiledFiles } from '../../shared/typescript/transpile.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { CHILD_KEEPER, ChildKeeper } from '../port/child-keeper.js';
import { PortWorker } from '../port/port-worker.js';
import { SharedStateUse, sharedCounters } from '../port/shared-counters.js';
import type { WorkerHost } from '../port/worker-host.js';
import { READY_DEADLINE_MS } from '../port/worker-start.js';
import type { SessionWorker } from '../worker.js';
import {
  CHILDREN_RESERVE_MS,
  type Retirement,
  type StarterOwner,
  type WorkerStarter,
} from '../worker-starter.js';
import { liveThreads } from './live-threads.js';
import { MemoryWatch } from './memory-watch.js';
import { PiscinaThreads, SETS_OWN_PRIORITY, type StartedThread } from './piscina-threads.js';
import { ProgramCode } from './program-code.js';
import { TemporaryFolders } from './temporary-folders.js';
import { killChildrenOf } from './thread-children.js';
import { ThreadNotices } from './thread-notices.js';
import { threadProcessorMs } from './thread-time.js';

const SESSION_ENTRY = fileURLToPath(new URL('../../../workers/session-entry.cjs', import.meta.url));
const PROGRAM_ENTRY = fileURLToPath(new URL('../../../workers/program-entry.cjs', import.meta.url));

const LOWEST_PRIORITY = 19;
/** The thread of a program reports earlier, and in more detail, that the program does not answer. */
const PROGRAM_LEAD_MS = 5_000;
const MEBIBYTE = 1024 * 1024;

/** What session threads run: a server module, or a Node program that speaks stdio. */
type ThreadWork = ModuleWork | ProgramWork;

export interface ModuleWork {
  readonly program?: undefined;
  readonly serverModule: string | undefined;
  /** How long its import may take, and its `setup`. */
  readonly startTimeoutMs: number;
  readonly environment: EnvironmentOptions;
  /** Environment variables of its threads. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** `undefined`: clients see the module's tools as they are. */
  readonly tools?: ToolRuleLists | undefined;
  /** Whether its sessions report what they answer to `initialize` and to the lists. */
  readonly learns?: boolean;
  /** The bundle of the server module, in shared memory. */
  readonly bundle?: BundledModule | undefined;
  /** The module's TypeScript files, if there is no bundle. */
  readonly transpiled?: TranspiledFiles | undefined;
  /** In shared memory. */
  readonly codeCaches?: CodeCaches;
  /** Whether threads serve simple tool calls without the SDK's checks. */
  readonly fastPath: boolean;
  /** Whether its threads only find out whether the module can be served. */
  readonly isTrial?: boolean;
  /** With `full`, threads report the stacks of errors. */
  readonly errors?: ErrorDetail;
}

interface ProgramWork {
  readonly program: NodeProgram;
  /** Its bundle, which need not be there when the first threads start; `undefined`: threads load its files. */
  readonly programBundle: Promise<BundledModule | undefined>;
}

export interface ThreadLimits {
  readonly threadHeapMb: number;
  readonly threadMemoryMb: number;
  readonly threadNice: number;
  readonly cancelGraceMs: number;
}

export type ThreadStarterOptions = ThreadLimits & ThreadWork;

/** What a thread was started with. */
interface Start {
  readonly owner: StarterOwner;
  readonly childMarker: string;
  readonly port: MessagePort;
  readonly keeperPort: MessagePort;
  readonly terminate: () => void;
  ready: boolean;
  terminated: boolean;
}

export class ThreadStarter implements WorkerStarter<PortWorker>, WorkerHost<PortWorker> {
  readonly isolation = 'thread';
  readonly importsModule: boolean;
  readonly readyDeadlineMs: number;
  readonly setupDeadlineMs: number;
  readonly events: GatewayEmitter;
  readonly cancelGraceMs: number;
  readonly #entry: string;
  /** What the next thread receives. */
  readonly #data: () => SessionThreadData;
  readonly #code: ProgramCode | undefined;
  readonly #threads: PiscinaThreads;
  readonly #keeper: ChildKeeper;
  readonly #starts = new Map<PortWorker, Start>();
  /** Those that have not closed their ports. */
  readonly #live = new Set<PortWorker>();
  /** A thread's port closes before it ends: its unfinished jobs in libuv's pool hold it. */
  readonly #notEnded = new Map<Worker, PortWorker>();
  readonly #memoryWatch: MemoryWatch;
  readonly #notices: ThreadNotices;
  readonly #folders: TemporaryFolders;
  readonly #positions: OriginalPositions | undefined;
  readonly #stateUse = new SharedStateUse();
  #retirement: Retirement | undefined;

  constructor(options: ThreadStarterOptions, events: GatewayEmitter) {
    this.events = events;
    this.cancelGraceMs = options.cancelGraceMs;
    this.importsModule = options.program === undefined;
    this.#keeper = new ChildKeeper(CHILD_KEEPER, events, options.threadNice);
    this.#folders = new TemporaryFolders(events);
    const niceness = Math.min(LOWEST_PRIORITY, getPriority() + options.threadNice);
    this.#notices = new ThreadNotices(
      options.program === undefined ? 'the server module' : 'the program',
      niceness,
      events,
    );
    const memoryLimits: MemoryLimits = {
      heapBytes: options.threadHeapMb * MEBIBYTE,
      memoryBytes: options.threadMemoryMb * MEBIBYTE,
    };
    const common = { memoryLimits, linuxPriority: SETS_OWN_PRIORITY ? niceness : undefined };
    if (options.program !== undefined) {
      const { program, programBundle, cancelGraceMs } = options;
      const code = new ProgramCode(programBundle);
      this.#code = code;
      this.#entry = PROGRAM_ENTRY;
      this.readyDeadlineMs = READY_DEADLINE_MS;
      this.setupDeadlineMs = program.startTimeoutMs + PROGRAM_LEAD_MS;
      // It sets its environment itself: what NODE_OPTIONS may have for a process, a thread refuses.
      this.#threads = new PiscinaThreads({ ...options, env: {} });
      this.#data = () => ({ ...common, ...code.data, program, cancelGraceMs });
    } else {
      const { bundle, startTimeoutMs } = options;
      this.#entry = SESSION_ENTRY;
      this.readyDeadlineMs = startTimeoutMs;
      this.setupDeadlineMs = startTimeoutMs;
      this.#positions = bundle && new OriginalPositions(bundle);
      this.#threads = new PiscinaThreads(options);
      const data = { ...common, ...moduleData(options) };
      this.#data = () => data;
    }
    this.#memoryWatch = new MemoryWatch(this.#live, memoryLimits, events);
  }

  get retirement(): Retirement | undefined {
    return this.#retirement;
  }

  get childProcesses(): number {
    return this.#keeper.total;
  }

  start(id: number, owner: StarterOwner): PortWorker {
    const data = this.#data();
    const childMarker = newMark();
    const counters = sharedCounters(this.#stateUse);
    const { port1: port, port2 } = new MessageChannel();
    const keeperPort = this.#keeper.connect(id);
    let started: StartedThread;
    try {
      const temporaryFolder = 'program' in data ? this.#folders.make(id, childMarker) : undefined;
      const task = { port: port2, keeperPort, childMarker, temporaryFolder, counters };
      started = this.#threads.start(this.#entry, task, data);
    } catch (error) {
      port.close();
      keeperPort.close();
      void this.#folders.remove(id);
      throw error;
    }
    const { life, worker, terminate } = started;
    const thread = new PortWorker(id, { port, life, worker, counters }, this);
    const start: Start = { owner, childMarker, port, keeperPort, terminate, ready: false, terminated: false };
    this.#starts.set(thread, start);
    this.#live.add(thread);
    this.#noteLife(worker, thread);
    thread.ready.then(
      () => {
        start.ready = true;
        this.#notices.ready(thread.facts);
        if ('program' in data) this.#code?.started(thread, data);
      },
      // The pool also waits for it, and receives the reason.
      () => {},
    );
    void thread.gone.then(() => {
      this.#starts.delete(thread);
      this.#live.delete(thread);
      // If the thread died by itself, the process has adopted what it started. The thread's id then says nothing any
      // more, but its marker does.
      if (!start.terminated) this.#killChildren(undefined, childMarker, true);
      void this.#folders.remove(id);
    });
    return thread;
  }

  terminate(thread: PortWorker): void {
    const start = this.#starts.get(thread);
    if (start === undefined) return;
    start.terminated = true;
    // While the thread lives, the system says what it started. What would keep running has no owner.
    this.#killChildren(thread.facts?.systemThreadId, start.childMarker, false);
    start.terminate();
    // A thread that never received its task does not have the other end either: closing this end closes both.
    if (start.ready) return;
    start.port.close();
    start.keeperPort.close();
  }

  childProcessesOf({ id }: PortWorker): number {
    return this.#keeper.running(id);
  }

  /** With the processes that it has started. */
  processorMsOf(thread: PortWorker): number {
    return threadProcessorMs(thread) + this.#keeper.processorMs(thread.id);
  }

  readable(text: string): string {
    return (this.#code ?? this.#positions)?.in(text) ?? text;
  }

  onSettled(thread: PortWorker): void {
    this.#starts.get(thread)?.owner.onSettled();
  }

  onAskedEarly(thread: PortWorker): void {
    this.#starts.get(thread)?.owner.onAskedEarly(thread);
  }

  /** Ends its child processes, one of which may be what it waits for. */
  onStuck(thread: PortWorker): void {
    const start = this.#starts.get(thread);
    if (start === undefined) return;
    this.#keeper.end(thread.id);
    this.#killChildren(thread.facts?.systemThreadId, start.childMarker, true);
    start.owner.onStuck();
  }

  async childrenGone({ id }: SessionWorker): Promise<void> {
    await Promise.all([this.#keeper.released(id), this.#folders.remove(id)]);
  }

  retire(retirement: Retirement): void {
    this.#retirement = retirement;
  }

  stateUsed(bytes: number): void {
    this.#stateUse.tell(bytes);
  }

  /** At the deadline, the log names what a native call blocks. */
  async close(deadline: StopDeadline): Promise<void> {
    await deadline.within(
      Promise.all([this.#memoryWatch.close(), this.#allEnded(), this.#folders.settled(), this.#code?.built]),
      CHILDREN_RESERVE_MS,
    );
    if (this.#notEnded.size > 0) this.#notices.held([...this.#notEnded.values()]);
    // After it, the keeper kills at once what it could not end gently.
    if (!(await deadline.within(this.#keeper.close()))) {
      liveThreads.add(this.#keeper);
      this.#notices.keeperHeld();
      this.killChildrenNow();
    }
  }

  killChildrenNow(): void {
    this.#keeper.killAllNow();
  }

  #killChildren(systemThreadId: number | undefined, marker: string, search: boolean): void {
    const processes = killChildrenOf({ systemThreadId, marker }, search);
    if (processes > 0) this.events.emit('children-killed', { processes });
  }

  #noteLife(worker: Worker | undefined, thread: PortWorker): void {
    if (worker === undefined) return;
    this.#notEnded.set(worker, thread);
    liveThreads.add(worker);
    worker.once('exit', () => {
      this.#notEnded.delete(worker);
      liveThreads.delete(worker);
    });
  }

  async #allEnded(): Promise<void> {
    await Promise.all([...this.#notEnded.keys()].map((worker) => once(worker, 'exit')));
  }
}

function moduleData(work: ModuleWork): Omit<ModuleThreadData, keyof CommonThreadData> {
  const { serverModule, environment, tools, learns = false, bundle, transpiled } = work;
  const { codeCaches, errors, fastPath, isTrial = false } = work;
  return {
    moduleUrl: serverModule,
    environment,
    tools,
    learns,
    moduleText: bundle && { text: bundle.text, filename: bundle.filename },
    transpiled,
    codeCaches,
    showsStacks: errors === 'full',
    fastPath,
    isTrial,
  };
}
