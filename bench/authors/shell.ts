/** Commands as an author types them, each in a process group that is gone afterwards, with what they print. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { processExists } from '../../src/shared/process-group.js';
import { adopt } from '../servers/child.js';

/** What a terminal keeps of a command, in characters. */
const MAX_OUTPUT = 256 * 1024;
const STOP_DEADLINE_MS = 10_000;

export interface Finished {
  readonly exitCode: number | null;
  /** What it wrote to both outputs, as it came. */
  readonly output: string;
  readonly ms: number;
}

/** A command that runs until it is stopped. */
export interface Running {
  /** What it wrote to both outputs so far. */
  output(): string;
  exited(): boolean;
  /** Resolves when the command and all that it has started are gone. */
  stop(): Promise<void>;
}

export interface CommandSettings {
  readonly cwd: string;
  readonly deadlineMs: number;
}

function launch(words: readonly string[], cwd: string) {
  const [file = '', ...args] = words;
  // The author answers yes when npx asks whether it may download a package.
  const child = adopt(
    spawn(file, args, {
      cwd,
      detached: true,
      env: { ...process.env, NO_COLOR: '1', npm_config_yes: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, MAX_OUTPUT);
    });
  }
  const ended = Promise.race([once(child, 'close'), once(child, 'error')]);
  return { child, ended, output: () => output };
}

async function endGroup(leader: number | undefined): Promise<void> {
  if (leader === undefined) return;
  const deadlineMs = performance.now() + STOP_DEADLINE_MS;
  for (let signal: NodeJS.Signals = 'SIGTERM'; processExists(-leader); signal = 'SIGKILL') {
    try {
      process.kill(-leader, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (performance.now() > deadlineMs) throw new Error(`The process group ${leader} could not be ended.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @throws if it does not end within the deadline */
async function run(words: readonly string[], { cwd, deadlineMs }: CommandSettings): Promise<Finished> {
  const startMs = performance.now();
  const { child, ended, output } = launch(words, cwd);
  const deadline = setTimeout(() => void endGroup(child.pid), deadlineMs);
  await ended;
  clearTimeout(deadline);
  const ms = performance.now() - startMs;
  await endGroup(child.pid);
  if (ms >= deadlineMs)
    throw new Error(`"${words.join(' ')}" did not end within ${deadlineMs} ms: ${output()}`);
  return { exitCode: child.exitCode, output: output(), ms };
}

/** @throws if it ends with another exit code than 0 */
export async function runWell(words: readonly string[], settings: CommandSettings): Promise<Finished> {
  const finished = await run(words, settings);
  if (finished.exitCode !== 0)
    throw new Error(`"${words.join(' ')}" ended with ${finished.exitCode}: ${finished.output}`);
  return finished;
}

export function start(words: readonly string[], cwd: string): Running {
  const { child, output } = launch(words, cwd);
  return {
    output,
    exited: () => child.exitCode !== null || child.signalCode !== null,
    stop: () => endGroup(child.pid),
  };
}
