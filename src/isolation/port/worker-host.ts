/** What a session thread consists of, and the object that has started it. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { CodeCacheName } from '../../shared/code-caches.js';
import type { ModuleTraits } from '../../shared/frames/from-worker.js';
import type { SharedCounters } from '../../shared/thread-start.js';
import type { GatewayEmitter, Isolation } from '../../telemetry/events.js';
import type { Retirement } from '../worker-starter.js';

/** What was started for it. */
export interface WorkerConnection {
  readonly port: MessagePort;
  /** The thread's whole life, as piscina's promise: rejects when the thread ends or is aborted. */
  readonly life: Promise<unknown>;
  readonly worker: Worker | undefined;
  readonly counters: SharedCounters;
}

/** The object that starts and terminates workers; one for all workers of a pool. */
export interface WorkerHost<Thread> {
  /** What is at the other end of the port: a session thread, or the keeper's thread with a process. */
  readonly isolation: Isolation;
  /** Whether it imports a server module before it is ready. It answers `ping` meanwhile, unless the module blocks it. */
  readonly importsModule: boolean;
  /** How long it may take from its start until it is ready, the import of a server module included. */
  readonly readyDeadlineMs: number;
  /** How long a module's `setup`, or a program's answer to `initialize`, may take. */
  readonly setupDeadlineMs: number;
  readonly events: GatewayEmitter;
  readonly cancelGraceMs: number;
  /** Set when another version of the server has taken its place. */
  readonly retirement: Retirement | undefined;
  childProcessesOf(thread: Thread): number;
  /** Processor time that it has used so far, in milliseconds; 0 where the system does not say. */
  processorMsOf(thread: Thread): number;
  /** A text from the thread, with positions in the server module's own files. */
  readable(text: string): string;
  terminate(thread: Thread): void;
  /** The thread was told to terminate and still exists: its session has let go of it. */
  onStuck(thread: Thread): void;
  /** A spare's server has asked its client something. */
  onAskedEarly(thread: Thread): void;
  /**
   * The thread's setup has ended, or it refused to sleep: the pool may have to find another one for waiting sessions.
   */
  onSettled(thread: Thread): void;
}

/** What a thread reports about itself when it is ready. */
export interface WorkerFacts {
  /** Its own nice value, if the system reports it. */
  readonly niceness: number | undefined;
  /** The system's id of the thread, if the system has one. */
  readonly systemThreadId: number | undefined;
  readonly traits: ModuleTraits;
  /** The code caches that V8 refused in this thread. */
  readonly rejectedCaches: readonly CodeCacheName[];
}
