/** Where sessions get their workers: what they need from the pool. */
import type { Isolation } from '../telemetry/events.js';
import type { IntroducedClient, SessionWorker } from './worker.js';

/** Of the workers of a kind, over all servers. */
export interface WorkerDemand {
  /** Whether anybody waits for one. */
  readonly crowded: boolean;
  /** Whether this consumer should end one that is free now, because others wait who have fewer. */
  yields(consumer: string): boolean;
}

export interface WorkerSource {
  /** What its workers are. */
  readonly isolation: Isolation;
  /** How many workers there may be, of all servers that run in the same. */
  readonly limit: number;
  /** Whether a session would get a worker without another one giving up its own. */
  readonly room: boolean;
  /** Asks a session without work to give back its worker; `false` if none can. Set by the session manager. */
  makeRoom: () => boolean;
  /**
   * A worker for one session, ready to be claimed.
   * @param client if the session has begun: it waits longer than one that starts
   * @param waitedMs how long what needs the worker has waited already; 0 if it is left out
   * @param consumer who takes a turn for it, as `consumerOf` says
   * @throws {BulkheadError} `ERR_BULKHEAD_THREAD_WAIT` if none became free in time or too many wait;
   *   `ERR_BULKHEAD_THREAD_START` if the server module fails to load; the signal's reason if it aborts
   */
  acquire(
    signal: AbortSignal,
    client?: IntroducedClient,
    waitedMs?: number,
    consumer?: string,
  ): Promise<SessionWorker>;
  /** Who else wants one. */
  readonly demand: WorkerDemand;
  /** Resolves when every child process that this worker's session started is gone. */
  childrenGone(worker: SessionWorker): Promise<void>;
  /** A session's worker may have nothing to do, and others may wait for one. */
  workerIdle(): void;
  /** Size of all `session.state`, in bytes. Workers refuse to store more than there is room for. */
  stateUsed(bytes: number): void;
}
