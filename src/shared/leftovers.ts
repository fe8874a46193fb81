/** What a search for processes and folders of dead gateways has found and done (`workers/leftovers/`). */
export interface LeftoverReport {
  /** Processes that were ended. */
  readonly processes: number;
  /** Processes that are still there: in an uninterruptible system call, or of another user. */
  readonly survivors: readonly number[];
  /** Folders for temporary files that were removed. */
  readonly folders: number;
  /** Why others could not be removed; at most one sentence for all. */
  readonly folderFailure: string | undefined;
  /** False if there was more to look at than the time allowed. */
  readonly complete: boolean;
}
