/** A process in the keeper, as its lifetime knows it. */
export interface KeptProcess {
  /** The process's id, which is also its group's; `undefined` when it could not be started. */
  readonly pid: number | undefined;
  /** Whether it was started and is not reaped yet; its id can't mean another process while it is. */
  readonly running: boolean;
  /** Closes its pipes, which a descendant that could not be killed might hold open. */
  destroyStreams(): void;
}
