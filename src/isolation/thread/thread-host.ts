/** What a session thread is made of, and who has started it. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { CodeCacheName } from '../../shared/code-caches.js';
import type { ModuleTraits } from '../../shared/frames/from-worker.js';
import type { SharedCounters } from '../../shared/thread-start.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

/** What was started for it. */
export interface ThreadConnection {
  readonly port: MessagePort;
  /** The thread's whole life as piscina's promise: it rejects when the thread ends or was aborted. */
  readonly life: Promise<unknown>;
  readonly worker: Worker | undefined;
  readonly counters: SharedCounters;
}

/** Who has started it, and terminates it; one for all threads of a pool. */
export interface ThreadHost<Thread> {
  readonly events: GatewayEmitter;
  readonly cancelGraceMs: number;
  childProcessesOf(thread: Thread): number;
  /** A text from the thread, with positions in the server module's own files. */
  readable(text: string): string;
  terminate(thread: Thread): void;
  /** It was told to terminate and is still there: its session has let go of it. */
  onStuck(thread: Thread): void;
  /** Its setup is over, or it will not go to sleep: the pool may have to take another one for who waits. */
  onSettled(thread: Thread): void;
}

/** What a thread says of itself when it is ready. */
export interface ThreadFacts {
  /** Its own nice value, where the system tells it. */
  readonly niceness: number | undefined;
  /** The system's id of the thread, where the system tells it. */
  readonly systemThreadId: number | undefined;
  readonly traits: ModuleTraits;
  /** The code caches that V8 would not have there. */
  readonly rejectedCaches: readonly CodeCacheName[];
}
