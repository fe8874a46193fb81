/**
 * Gives the program in this thread a `process` like that of a process of its own, before the program is loaded. It also
 * looks like the main thread: many programs start only there.
 */

import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { NodeProgram } from '../../src/shared/thread-start.js';
import { type ProgramInput, type ProgramOutput, passOnNodesCalls } from './standard-streams.js';

export interface OwnProcess {
  readonly program: NodeProgram;
  readonly stdin: ProgramInput;
  readonly stdout: ProgramOutput;
  readonly stderr: ProgramOutput;
  /**
   * The program ends: it said so, nobody handled its error, or it has nothing to do any more. Its own listeners have
   * been called.
   */
  readonly onExit: (code: number) => void;
  /** The program has nothing to do any more, and ends unless something is started now. */
  readonly onIdle: () => void;
  /** The program sent a signal to its process and does not handle it. */
  readonly onKilled: (signal: NodeJS.Signals) => void;
}

/** Signals that do not end a program that does not handle them. A thread cannot be stopped. */
const HARMLESS = new Set<NodeJS.Signals>([
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGWINCH',
]);

/** Undocumented, but patched by so many packages that Node keeps them. */
type InnerProcess = NodeJS.Process & {
  reallyExit: (code?: number) => never;
  readonly _getActiveHandles?: () => readonly { unref?(): void }[];
};

/** Ends the thread at once, without the listeners of `exit`. */
export type EndThread = (code: number) => never;

export function ownProcess(own: OwnProcess): EndThread {
  const { program, stdin, stdout, stderr } = own;
  const { env } = process;
  for (const name of Object.keys(env)) delete env[name];
  Object.assign(env, program.env);
  process.argv = [process.execPath, resolve(program.script), ...program.args];
  process.execArgv = [];
  // Otherwise Node 20 calls its own setter.
  Reflect.deleteProperty(process, 'title');
  define('title', process.execPath);
  passOnNodesCalls(stdout, process.stdout);
  passOnNodesCalls(stderr, process.stderr);
  define('stdin', stdin);
  define('stdout', stdout);
  define('stderr', stderr);
  // Its parent is the gateway. Programs end when their parent becomes process 1.
  define('ppid', process.pid);
  const inner = process as InnerProcess;
  const reallyExit = inner.reallyExit.bind(process);
  inner.reallyExit = (code = 0) => {
    own.onExit(code);
    return reallyExit(code);
  };
  const { emit } = process;
  process.emit = function (this: NodeJS.Process, name: string, ...parameters: unknown[]) {
    const isHandled = Reflect.apply(emit, this, [name, ...parameters]);
    if (name === 'beforeExit') own.onIdle();
    if (name === 'exit') own.onExit(Number(process.exitCode ?? parameters[0] ?? 0));
    return isHandled;
  } as typeof process.emit;
  ownKill(own);
  asMainThread();
  return reallyExit;
}

/** Lets the thread end when the program has nothing more to do. Otherwise its ports would keep it running. */
export function endWhenIdle(): void {
  for (const handle of (process as InnerProcess)._getActiveHandles?.() ?? []) handle.unref?.();
}

/** A signal to its own process is meant for the program: the gateway's process is not its own. */
function ownKill({ onKilled }: OwnProcess): void {
  const kill = process.kill.bind(process);
  process.kill = (pid: number, signal: string | number = 'SIGTERM') => {
    // 0 is the process group of the sender, and a negative number a group.
    if (Math.abs(pid) !== process.pid && Number(pid) !== 0) return kill(pid, signal);
    const name = nameOf(signal);
    if (name === undefined) return kill(process.pid, signal === 0 ? 0 : signal);
    // As Node does, in a later turn.
    if (name !== 'SIGKILL' && process.listenerCount(name) > 0) setImmediate(() => process.emit(name, name));
    else if (!HARMLESS.has(name)) onKilled(name);
    return true;
  };
}

/** `undefined` for 0, which only asks whether the process exists, and for what is no signal. */
function nameOf(signal: string | number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(
    ([name, number]) => name === signal || number === signal,
  );
  return found?.[0] as NodeJS.Signals | undefined;
}

function asMainThread(): void {
  const threads = require('node:worker_threads') as {
    -readonly [Key in 'isMainThread' | 'parentPort' | 'workerData']: unknown;
  };
  threads.isMainThread = true;
  threads.parentPort = null;
  threads.workerData = null;
  syncBuiltinESMExports();
}

function define(name: string, value: unknown): void {
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
}
