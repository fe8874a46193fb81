/** What the pool needs from a kind of worker: how one is started, and what is left when all are gone. */
import type { StopDeadline } from '../shared/stop-deadline.js';
import type { SessionWorker } from './worker.js';

/** The part of a stop's time that is reserved for child processes. */
export const CHILDREN_RESERVE_MS = 300;

/** What the pool is told about its workers, besides their promises. */
export interface StarterOwner {
  /**
   * A worker's setup has ended, or the worker refused to sleep: the pool may have to find another one for waiting
   * sessions.
   */
  onSettled(): void;
  /** A spare's server has asked its client something, which only a session could answer. */
  onAskedEarly(worker: SessionWorker): void;
  /** A worker was killed and still exists: its session has let go of it. */
  onStuck(): void;
}

/**
 * Which workers of an earlier version of a server their sessions give back: all, or only those that may sleep. What the
 * others hold in memory belongs to their sessions.
 */
export type Retirement = 'all' | 'sleepers';

export interface WorkerStarter<Worker extends SessionWorker = SessionWorker> {
  /** How many child processes of all workers run. */
  readonly childProcesses: number;
  /**
   * @param id the worker's number
   * @throws if the system does not provide one; nothing of it is left then
   */
  start(id: number, owner: StarterOwner): Worker;
  /** Set when another version of the server has taken its place. */
  readonly retirement: Retirement | undefined;
  /** Its workers are outdated from now on. */
  retire(retirement: Retirement): void;
  /** See `WorkerSource`. */
  childrenGone(worker: SessionWorker): Promise<void>;
  /** See `WorkerSource`. */
  stateUsed(bytes: number): void;
  /** All workers have been killed. Resolves when everything that they left is gone, or at the deadline. */
  close(deadline: StopDeadline): Promise<void>;
  /** For the `exit` event of the process, when nothing can be awaited any more. */
  killChildrenNow(): void;
}
