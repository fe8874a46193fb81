/** The command `bulkhead`: flags in, exit codes out. */
import { CommanderError } from 'commander';
import { exit, exitAtOnce } from './exit.js';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, reportFailure } from './failure.js';
import { createProgram, splitCommand } from './program.js';

// Whatever nobody foresaw: a process in an unknown state serves no one, and leaves nothing behind.
process.on('uncaughtException', (error) => {
  reportFailure(error);
  exitAtOnce(EXIT_FAILED);
});

// `bulkhead serve | head` must not stop the gateway: nobody reads its output any more, and that is all.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// The same for a warning that a full disk does not take: there is nobody left to tell.
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
    // Commander has written its sentence, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    return reportFailure(error);
  }
}

/**
 * Runs the command of the process's arguments, and ends the process.
 * @param libuvPool the system's ids of the threads of libuv's pool, where the command started it
 */
export async function main(libuvPool: readonly number[]): Promise<never> {
  exit(await run(process.argv, libuvPool));
}
