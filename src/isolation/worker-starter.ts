/** What the pool needs of a kind of worker: how one is started, and what is left when all are gone. */
import type { StopDeadline } from '../shared/stop-deadline.js';
import type { SessionWorker } from './worker.js';

/** Of the time that a stop has, for child processes. */
export const CHILDREN_RESERVE_MS = 300;

/** What the pool is told of its workers, beside their promises. */
export interface StarterOwner {
  /** A worker's setup is over, or it will not go to sleep: the pool may have to take another one for who waits. */
  onSettled(): void;
  /** A worker was killed and is still there: its session has let go of it. */
  onStuck(): void;
}

export interface WorkerStarter<Worker extends SessionWorker = SessionWorker> {
  /** How many child processes of all workers run. */
  readonly childProcesses: number;
  /**
   * @param id the worker's number
   * @throws where the system gives none; nothing of it is left then
   */
  start(id: number, owner: StarterOwner): Worker;
  /** See `WorkerSource`. */
  childrenGone(worker: SessionWorker): Promise<void>;
  /** See `WorkerSource`. */
  stateUsed(bytes: number): void;
  /** Every worker was killed: resolves when all that they left is gone, or at the deadline. */
  close(deadline: StopDeadline): Promise<void>;
  /** For the process's last moment, when nothing can be awaited any more. */
  killChildrenNow(): void;
}
