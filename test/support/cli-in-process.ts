import { run } from '../../src/cli/run.js';
import type { CliExit, CliOptions } from './cli-process.js';

type Written = (text: string | Uint8Array, ...rest: unknown[]) => boolean;

/**
 * Runs the command in this process, in a fraction of the time that a process takes, and as if no person were at its
 * streams. For what it refuses, and for what it does as a client. What belongs to the process (signals, the exit code,
 * stdin) is for `runCli`.
 * @param options `env`: additional variables; those of the outer shell that configure a gateway are left out
 */
export async function runCliHere(
  args: readonly string[],
  { env = {}, cwd }: Pick<CliOptions, 'env' | 'cwd'> = {},
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
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const stream = process[name] as { isTTY: boolean | undefined };
    const before = stream.isTTY;
    stream.isTTY = false;
    restore.push(() => {
      stream.isTTY = before;
    });
  }
  const outer = Object.keys(process.env).filter((name) => name.startsWith('BULKHEAD_'));
  for (const name of new Set([...outer, ...Object.keys(env)])) {
    const before = process.env[name];
    restore.push(() => setVariable(name, before));
    setVariable(name, env[name]);
  }
  if (cwd !== undefined) {
    const before = process.cwd();
    restore.push(() => process.chdir(before));
    process.chdir(cwd);
  }
  try {
    return { code: await run(['node', 'bulkhead', ...args]), signal: null, ...output };
  } finally {
    for (const undo of restore) undo();
  }
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
