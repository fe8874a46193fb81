/**
 * Starts a program so that it gets SIGTERM when this thread ends, which is when the gateway is killed with SIGKILL:
 * Linux sends a process the signal that it has asked for when the thread that started it ends (prctl(2),
 * PR_SET_PDEATHSIG). Node cannot ask, so `setpriv` of util-linux does, and then becomes the program, with the same pid.
 *
 * It is not SIGKILL, so that a program can end what it has started itself: a browser, the command behind `npx`, the
 * container behind `docker run`. These do not get the signal. A program that ignores it is ended by the next gateway.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const WRAPPER = 'setpriv';
const OPTIONS = ['--pdeathsig', 'TERM', '--'];
/** It ends within milliseconds. Until then, this thread stands still. */
const TRIAL_DEADLINE_MS = 2_000;
/** Where execvp(3) searches without PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';
/** What Linux reads of a script to find its interpreter. */
const SCRIPT_HEAD_BYTES = 256;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `null` if it is not installed, or has not this option, as that of BusyBox. */
let wrapper: string | null | undefined;

/**
 * @returns the command and arguments to start: those given if the system has no parent-death signal, or if the command
 *   cannot be started, so that the error is its own and not that of the wrapper
 */
export function withParentDeathSignal({ command, args, cwd, env }: Command): [string, readonly string[]] {
  if (process.platform !== 'linux') return [command, args];
  if (wrapper === undefined) wrapper = findWrapper() ?? null;
  if (wrapper === null || locate(command, cwd, env.PATH) === undefined) return [command, args];
  return [wrapper, [...OPTIONS, command, ...args]];
}

function findWrapper(): string | undefined {
  const found = locate(WRAPPER, process.cwd(), process.env.PATH);
  if (found === undefined) return undefined;
  // It starts itself: nothing else is certain to exist.
  const { status } = spawnSync(found, [...OPTIONS, found, '--version'], {
    stdio: 'ignore',
    timeout: TRIAL_DEADLINE_MS,
  });
  return status === 0 ? found : undefined;
}

/** The file that execvp(3) would execute. */
function locate(command: string, cwd: string, path = DEFAULT_PATH): string | undefined {
  const files = command.includes('/')
    ? [command]
    : path.split(':').map((folder) => `${folder || '.'}/${command}`);
  return files.map((file) => resolve(cwd, file)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    accessSync(file, constants.X_OK);
    const interpreter = interpreterOf(file);
    return interpreter === undefined || statSync(interpreter).isFile();
  } catch {
    // It does not exist, or is not ours to execute.
    return false;
  }
}

/** What the first line of a script names; `undefined` for other programs. */
function interpreterOf(file: string): string | undefined {
  const head = Buffer.alloc(SCRIPT_HEAD_BYTES);
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    // A program may be executable and not readable. Then it is no script.
    return undefined;
  }
  try {
    readSync(descriptor, head);
  } finally {
    closeSync(descriptor);
  }
  return /^#![ \t]*(\/\S+)/.exec(head.toString('latin1'))?.[1];
}
