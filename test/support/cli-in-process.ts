import { run } from '../../src/cli/run.js';
import type { CliExit } from './cli-process.js';

type Written = (text: string | Uint8Array, ...rest: unknown[]) => boolean;

/**
 * Runs the command in this process, in a fifth of the time that a process takes. For arguments that it refuses before it
 * starts anything.
 * @param env additional variables
 */
export async function runCliHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliExit> {
  const output = { stdout: '', stderr: '' };
  const restore: (() => void)[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name] as { write: Written };
    const { write } = stream;
    stream.write = (text) => {
      output[name] += text;
      return true;
    };
    restore.push(() => {
      stream.write = write;
    });
  }
  for (const [name, value] of Object.entries(env)) {
    const before = process.env[name];
    process.env[name] = value;
    restore.push(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
  try {
    return { code: await run(['node', 'bulkhead', ...args]), signal: null, ...output };
  } finally {
    for (const undo of restore) undo();
  }
}
