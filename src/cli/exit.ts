/**
 * The end of the process. `process.exit` waits for every thread, and for the jobs that threads gave to libuv's pool. If
 * a native call blocks one of them, it waits forever. So if a thread is left, the process ends itself with SIGKILL.
 */
import type { Gateway } from '../gateway.js';
import { liveThreads } from '../isolation/thread/live-threads.js';
import { killDescendants } from '../isolation/thread/thread-children.js';

let gateway: Pick<Gateway, 'close' | 'kill'> | undefined;
let leaving = false;

/** Sets the gateway that is stopped before the process ends at once. */
export function exitWith(owned: Pick<Gateway, 'close' | 'kill'>): void {
  gateway = owned;
}

/**
 * Kills every child process that is left, and ends the process: with the exit code, or with SIGKILL if a thread cannot
 * be ended.
 */
export function exit(exitCode: number): never {
  killChildren();
  if (liveThreads.size > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(exitCode);
}

/** Kills child processes, gives threads and log lines half a second, and ends the process as `exit` does. */
export function exitAtOnce(exitCode: number): void {
  // First, so that a thread that waits for a child process in `execSync` can end.
  killChildren();
  if (leaving || gateway === undefined) exit(exitCode);
  leaving = true;
  void gateway.close().catch(() => {
    // `kill` is what this waits for, and `close` ends with it.
  });
  // If a stop has already begun, `kill` cuts it short.
  gateway.kill().then(
    () => exit(exitCode),
    () => exit(exitCode),
  );
}

/** Kills child processes that were not ended with their session, such as one that a blocked `execSync` waits for. */
function killChildren(): void {
  if (killDescendants()) return;
  process.stderr.write(
    'bulkhead: child processes could not be listed: no file descriptor is free, or there is no /proc.\n',
  );
}
