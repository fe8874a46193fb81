/**
 * What a session thread is started with, and shares with the main thread beside messages. Only `isolation/thread/` and the
 * entry of the session worker know these types, but for the options of the built-in server: another kind of worker has other means.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CodeCaches } from './code-caches.js';
import type { MemoryLimits } from './memory-limits.js';

/** What piscina hands the worker entry as its task. */
export interface SessionThreadTask {
  readonly port: MessagePort;
  /** A port to the child-process keeper; a thread's children die when it closes. */
  readonly keeperPort: MessagePort;
  /** Goes into its environment, so that what it starts by itself can be told from the rest. */
  readonly childMarker: string;
  readonly counters: SharedCounters;
}

/** One number each, in memory that the main thread and the session thread both see. */
export interface SharedCounters {
  /** `backlogBytes` of all unpaced frames that the main thread has handled. */
  readonly handledBytes: Int32Array;
  /** How many messages of the client the thread has handed to its server. */
  readonly takenMessages: Int32Array;
  /** KiB that the states of all sessions hold together; the same memory for all threads. */
  readonly stateUsedKib: Int32Array;
}

/** A server module and all that it imports. */
export interface ModuleText {
  /** The body of a CommonJS module, ASCII, in shared memory. */
  readonly text: Uint8Array;
  /** What stacks call it. */
  readonly filename: string;
}

/** What every session thread is given as `workerData`, and takes away from there before any other code runs. */
export interface SessionThreadData {
  /** `file:` URL of the server module, or `undefined` for the built-in environment server. */
  readonly moduleUrl: string | undefined;
  /** What the built-in server is configured with; ignored by other modules. */
  readonly environment: EnvironmentOptions;
  readonly memoryLimits: MemoryLimits;
  /** The server module as a bundle; `undefined` where it is imported as it is. */
  readonly moduleText: ModuleText | undefined;
  /** In shared memory; the first thread has none and makes them. */
  readonly codeCaches: CodeCaches | undefined;
  /** Whether the log shows stacks: it does at `debug`. */
  readonly showsStacks: boolean;
  /** The option `fast-path`: whether simple calls go past the SDK. */
  readonly fastPath: boolean;
  /** The nice value that the thread gives itself; `undefined` where piscina does that. */
  readonly linuxPriority: number | undefined;
}

/** Settings of the built-in environment server. */
export interface EnvironmentOptions {
  /** Absolute folders that the file tools may read. */
  readonly roots: readonly string[];
  /** Whether `http_request` may reach loopback, private and link-local addresses. */
  readonly allowPrivateNetwork: boolean;
}
