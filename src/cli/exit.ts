/**
 * The end of the process. `process.exit` joins every thread, and the jobs that threads gave to libuv's pool: one that is held
 * in a native call holds the exit with it, for ever. So where a thread is left, the process ends itself with SIGKILL.
 */
import type { Gateway } from '../gateway.js';
import { liveThreads } from '../isolation/thread/live-threads.js';
import { killDescendants } from '../isolation/thread/thread-children.js';

let gateway: Pick<Gateway, 'close' | 'kill'> | undefined;
let leaving = false;

/** The gateway that is stopped before the process ends at once. */
export function exitWith(owned: Pick<Gateway, 'close' | 'kill'>): void {
  gateway = owned;
}

/**
 * Kills every child process that is left, and ends the process: with the exit code, or with SIGKILL where a thread does
 * not let go.
 */
export function exit(exitCode: number): never {
  killChildren();
  if (liveThreads.size > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}

/** Kills child processes, gives threads and log lines half a second, and ends the process as `exit` does. */
export function exitAtOnce(exitCode: number): void {
  // First: a thread that waits for a child process in `execSync` is free then.
  killChildren();
  if (leaving || gateway === undefined) exit(exitCode);
  leaving = true;
  void gateway.close().catch(() => {
    // It is `kill` that is waited for, and it ends as `close` does.
  });
  // Once a stop has begun, `kill` hastens it.
  gateway.kill().then(
    () => exit(exitCode),
    () => exit(exitCode),
  );
}

/** The last ones: those that no session's end has ended, such as what a held `execSync` waits for. */
function killChildren(): void {
  if (killDescendants()) return;
  process.stderr.write(
    'bulkhead: child processes could not be listed: no file descriptor is free, or there is no /proc.\n',
  );
}
