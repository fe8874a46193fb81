/** The process of one session, in the keeper: a program that speaks stdio, or a session worker with a server module. */
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { KeptProcess } from './kept-process.js';

export interface ServedProcess extends KeptProcess {
  /** `process-memory-mb`, of the process and all its descendants. */
  readonly memoryLimitBytes: number;
  /** As the process has reported; 0: unknown. */
  readonly heapBytes: number;
  /**
   * Handles what the main thread has posted to a worker.
   * @throws if it is no frame, or cannot be sent
   */
  receive(posted: unknown): void;
  /** Tells it that its session is over: it should end. */
  closeStdin(): void;
}

/** The session that has it. */
export interface ServedProcessOwner {
  post(frame: FromWorkerFrame): void;
  /** The process has ended and been reaped. */
  exited(process: ServedProcess): void;
  /** Nothing more will come from it. */
  closed(process: ServedProcess): void;
}

export interface ServedProcessTraits {
  readonly marker: string;
  readonly niceness: number | undefined;
  /** Its folder for temporary files, which is removed with it. */
  readonly temporaryFolder: string;
}

/** The environment that its entry says, and what the keeper adds. */
export function environmentOf(
  env: Readonly<NodeJS.ProcessEnv>,
  { marker, temporaryFolder }: ServedProcessTraits,
  markerName: string,
): NodeJS.ProcessEnv {
  return {
    ...env,
    TMPDIR: temporaryFolder,
    TMP: temporaryFolder,
    TEMP: temporaryFolder,
    [markerName]: marker,
  };
}
