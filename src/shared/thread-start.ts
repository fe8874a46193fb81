/**
 * What a session thread starts with, and what it shares with the main thread besides messages. A process that runs the
 * session worker starts with the same data, and has a pipe instead of shared memory.
 */
import type { MessagePort } from 'node:worker_threads';
import type { CodeCaches } from './code-caches.js';
import type { MemoryLimits } from './memory-limits.js';
import type { ToolRuleLists } from './tool-rules.js';
import type { TranspiledFiles } from './typescript/transpile.js';

/** What piscina gives the worker's entry as its task. */
export interface SessionThreadTask {
  readonly port: MessagePort;
  /** A port to the child keeper. A thread's child processes die when it closes. */
  readonly keeperPort: MessagePort;
  /** Set in the thread's environment, so that processes that it starts itself can be recognised. */
  readonly childMarker: string;
  /** A program's folder for temporary files. */
  readonly temporaryFolder: string | undefined;
  readonly counters: SharedCounters;
}

/** One number each, in memory that the main thread and the session thread share. */
export interface SharedCounters {
  /** The sum of `backlogBytes` of all unpaced frames that the main thread has handled. */
  readonly handledBytes: Int32Array;
  /** How many messages of the client the thread has passed to its server. */
  readonly takenMessages: Int32Array;
  /** Size of all `session.state` in KiB; all threads share the same memory. */
  readonly stateUsedKib: Int32Array;
}

/** A server module and all that it imports. */
export interface ModuleText {
  /** The body of a CommonJS module, Latin-1, in shared memory. */
  readonly text: Uint8Array;
  /** The file name in stacks. */
  readonly filename: string;
}

/** What every session thread receives as `workerData`. The thread removes it from there before any other code runs. */
export type SessionThreadData = ModuleThreadData | ProgramThreadData;

export interface CommonThreadData {
  readonly memoryLimits: MemoryLimits;
  /** The nice value that the thread sets for itself; `undefined` if piscina sets it. */
  readonly linuxPriority: number | undefined;
}

/** A thread that runs a server module, or a process that does. */
export interface ModuleThreadData extends CommonThreadData {
  /** `file:` URL of the server module, or `undefined` for the built-in environment server. */
  readonly moduleUrl: string | undefined;
  /** Configuration of the built-in server; other modules ignore it. */
  readonly environment: EnvironmentOptions;
  /** `undefined`: clients see the module's tools as they are. */
  readonly tools: ToolRuleLists | undefined;
  /** Whether to report what the module answers to `initialize` and to the lists. */
  readonly learns: boolean;
  /** The server module as a bundle; `undefined` if its files are imported. */
  readonly moduleText: ModuleText | undefined;
  /** Its TypeScript files, if its files are imported and there are any. */
  readonly transpiled: TranspiledFiles | undefined;
  /** In shared memory. The first thread has none and makes them. */
  readonly codeCaches: CodeCaches | undefined;
  /** The option `errors`: whether the log shows stacks. */
  readonly showsStacks: boolean;
  /** The option `fast-path`: whether simple calls skip the SDK's checks. */
  readonly fastPath: boolean;
  /** It is started to find out whether the module can be served, and reports what only its author can correct. */
  readonly isTrial: boolean;
}

/** A thread that runs a program that speaks stdio. */
export interface ProgramThreadData extends CommonThreadData {
  readonly program: NodeProgram;
  /** The program as a bundle; `undefined` if its files are loaded. */
  readonly programText: ModuleText | undefined;
  /** V8's code cache of the bundle, in shared memory. */
  readonly codeCache: Uint8Array | undefined;
  /** The same as the gateway's option. */
  readonly cancelGraceMs: number;
}

/** A Node program that speaks MCP on stdin and stdout, and how its sessions run it. */
export interface NodeProgram {
  /** Absolute path of its file. */
  readonly script: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The complete environment, apart from the mark of the gateway's processes. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it is loaded only by an `environment` frame, which has the rest of its environment. */
  readonly waits: boolean;
  readonly startTimeoutMs: number;
  /** Whether its sessions may lose their thread while they have no work. */
  readonly sleeps: boolean;
  /** `undefined`: clients see its tools as they are. */
  readonly tools: ToolRuleLists | undefined;
  /** Whether to report what it answers to `initialize` and to the lists. */
  readonly learns: boolean;
}

/** What a process starts with that serves a session of a module, as the first frame on its pipe. */
export interface SessionProcessStart {
  /** As in `SessionThreadTask`. */
  readonly childMarker: string;
  readonly data: ModuleThreadData;
}

/** Settings of the built-in environment server. */
export interface EnvironmentOptions {
  /** Absolute folders that the file tools may read. */
  readonly roots: readonly string[];
  /** Whether `http_request` may reach loopback, private and link-local addresses. */
  readonly allowPrivateNetwork: boolean;
}
