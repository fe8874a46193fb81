/** Where sessions get their workers from: what they need of the pool. */
import type { SessionWorker } from './worker.js';

export interface WorkerSource {
  /** Asks a session without work to give its worker back; `false` when none can. Set by who knows the sessions. */
  makeRoom: () => boolean;
  /**
   * A worker of the session's own, ready to be claimed.
   * @param known whether the session has been served before: it waits longer than one that is about to start
   * @throws {BulkheadError} `ERR_BULKHEAD_THREAD_WAIT` when none became free in time or too many wait,
   *   `ERR_BULKHEAD_THREAD_START` when the server module fails to load; the signal's reason when it aborts.
   */
  acquire(signal: AbortSignal, known?: boolean): Promise<SessionWorker>;
  /** Resolves when every child process that this worker's session started is gone. */
  childrenGone(worker: SessionWorker): Promise<void>;
  /** A session's worker may have nothing to do: others may wait for one. */
  workerIdle(): void;
  /** So much all sessions' `session.state` holds together, in bytes: workers refuse to store more than there is room for. */
  stateUsed(bytes: number): void;
}
