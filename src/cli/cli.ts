/** The command `bulkhead`: flags in, exit codes out. */
import { exit, exitAtOnce } from './exit.js';
import { EXIT_FAILED, reportFailure } from './failure.js';
import { run } from './run.js';

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

/**
 * Runs the command that the process's arguments name, and ends the process.
 * @param libuvPool the system's ids of the threads of libuv's pool, if the command started it
 */
export async function main(libuvPool: readonly number[]): Promise<never> {
  exit(await run(process.argv, libuvPool));
}
