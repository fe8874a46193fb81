/** One run of the command: arguments in, an exit code out. It ends no process. */
import { CommanderError } from 'commander';
import { EXIT_OK, EXIT_USAGE, reportFailure } from './failure.js';
import { createProgram, splitCommand } from './program.js';

/**
 * @param argv as `process.argv`: the command's arguments are the third and those after it
 * @param libuvPool the system's ids of the threads of libuv's pool, if the command started it
 * @returns the exit code; failures have been written to stderr
 */
export async function run(argv: readonly string[], libuvPool: readonly number[] = []): Promise<number> {
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
