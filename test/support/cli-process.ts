import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterThisTest } from './cleanup.js';
import { withDeadline } from './deadline.js';
import { FAST_PATH } from './fast-path.js';
import { leftoversOf } from './left-behind.js';
import { buildRoot } from './project.js';

/** To start a process with a gateway, on a machine that also runs other tests. */
const CLI_DEADLINE_MS = 30_000;

export interface CliExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** Waits until the stream has printed something that matches. */
  printed(stream: 'stdout' | 'stderr', pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>;
  /** Waits for the end of the process and of its output. */
  exited(): Promise<CliExit>;
}

export interface CliOptions {
  /** Additional variables; those of the outer shell that configure a gateway are left out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command that runs the rest of its arguments as one. */
  readonly within?: readonly string[];
  /** Whether the test writes to its stdin, which is empty otherwise. */
  readonly writes?: boolean;
}

/**
 * The built command `bulkhead` as a child process. If it still runs after the test, it is killed. A gateway has no spare
 * threads unless the arguments ask for some.
 */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const { end, ...cli } = spawnCli(args, options);
  afterThisTest(end);
  return cli;
}

/** One process for all tests of a `describe`. @returns a function that returns it inside a test */
export function sharedCli(args: readonly string[], options: CliOptions = {}): () => CliProcess {
  let running: ReturnType<typeof spawnCli> | undefined;
  before('start the command', () => {
    running = spawnCli(args, options);
  });
  after('end the command', async () => {
    await running?.end();
    running = undefined;
  });
  return () => {
    if (!running) throw new Error('The shared command runs only while a test does.');
    return running;
  };
}

function spawnCli(args: readonly string[], options: CliOptions): CliProcess & { end(): Promise<void> } {
  const command = [...(options.within ?? []), process.execPath, join(buildRoot, 'src', 'bin.cjs'), ...args];
  const child = spawn(command[0] as string, command.slice(1), {
    cwd: options.cwd,
    env: { ...environment(), ...options.env },
    stdio: [options.writes === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const closed = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }) as CliExit);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const end = async (): Promise<void> => {
    // Nothing is done for one that has ended by itself: it should have left nothing.
    const left = child.exitCode === null && child.signalCode === null ? leftoversOf(child.pid) : undefined;
    child.kill('SIGKILL');
    // What is left may hold its output open.
    await Promise.race([exited, closed]);
    left?.end();
    await closed;
  };
  return {
    child,
    end,
    printed: async (stream, pattern, deadlineMs = CLI_DEADLINE_MS) => {
      const found = new Promise<RegExpExecArray>((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output[stream]);
          if (match !== null) resolve(match);
        };
        child[stream]?.on('data', look);
        look();
        closed.then((exit) => reject(new Error(`The command ended first: ${JSON.stringify(exit)}`)), reject);
      });
      return withDeadline(found, () => `${pattern} in ${JSON.stringify(output)}`, deadlineMs);
    },
    exited: () =>
      withDeadline(closed, () => `the end of the command: ${JSON.stringify(output)}`, CLI_DEADLINE_MS),
  };
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliExit> {
  return startCli(args, options).exited();
}

function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return {
    ...Object.fromEntries(entries.filter(([name]) => !name.startsWith('BULKHEAD_'))),
    ...(!FAST_PATH && { BULKHEAD_FAST_PATH: 'off' }),
    BULKHEAD_SPARE_THREADS: '0',
  };
}
