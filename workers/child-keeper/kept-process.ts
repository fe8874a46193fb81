/** A process in the keeper, as its lifetime sees it. */
export interface KeptProcess {
  /** The process's id, which is also that of its group; `undefined` if it could not be started. */
  readonly pid: number | undefined;
  /** Whether it was started and has not been reaped; until then its id cannot be reused. */
  readonly running: boolean;
  /** Closes its pipes, which a descendant that could not be killed might keep open. */
  destroyStreams(): void;
}
