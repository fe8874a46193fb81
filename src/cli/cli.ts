/** The command `bulkhead`: flags in, exit codes out. */
import { CommanderError } from 'commander';
import { exit, exitAtOnce } from './exit.js';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, reportFailure } from './failure.js';
import { createProgram, splitCommand } from './program.js';

// An unexpected error: a process in an unknown state must not serve anybody, and must leave nothing behind.
process.on('uncaughtException', (error) => {
  reportFailure(error);
  exitAtOnce(EXIT_FAILED);
});

// `bulkhead serve | head` must not stop the gateway: its output is simply not read any more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// The same if a full disk does not accept a warning: it cannot be reported.
process.stderr.on('error', () => {});

/** @returns the exit code. */
async function run(argv: readonly string[], libuvPool: readonly number[]): Promise<number> {
  let exitCode = EXIT_OK;
  try {
    const { argv: own, command } = splitCommand(argv);
    const finish = (code: number): void => {
      exitCode = code;
    };
    await createProgram(libuvPool, finish, command).parseAsync(own);
    return exitCode;
  } catch (error) {
    // Commander has already written its message, or the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return reportFailure(error);
  }
}

/**
 * Runs the command that the process's arguments name, and ends the process.
 * @param libuvPool the system's ids of the threads of libuv's pool, if the command started it
 */
export async function main(libuvPool: readonly number[]): Promise<never> {
  exit(await run(process.argv, libuvPool));
}
