/** The process of one session, in the keeper: a program that speaks stdio, or a session worker with a server module. */
import type { SpawnOptionsWithoutStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { CHILD_MARKER } from '../../src/shared/keeper-frames.js';
import { HAS_PROCESS_GROUPS } from '../../src/shared/process-group.js';
import type { KeptProcess } from './kept-process.js';
import { type Command, withParentDeathSignal } from './parent-death-signal.js';

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
  /** It waited to be started, and has a process now. */
  started(process: ServedProcess): void;
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

/** One that closes a pipe exits, as a rule; longer, and it lives on without it. */
export const EXIT_FOLLOWS_MS = 500;

/** Node reports ENOENT for a missing command and for a missing folder. */
export function missingFolder(cwd: string): string | undefined {
  return existsSync(cwd) ? undefined : `its folder ${JSON.stringify(cwd)} does not exist (cwd)`;
}

/** What `spawn` gets for it, apart from `stdio`. */
export function processToStart(
  command: Command,
  { marker, temporaryFolder }: ServedProcessTraits,
): { readonly file: string; readonly args: string[]; readonly options: SpawnOptionsWithoutStdio } {
  const [file, args] = withParentDeathSignal(command);
  const { cwd, env } = command;
  return {
    file,
    args: [...args],
    options: {
      cwd,
      env: {
        ...env,
        TMPDIR: temporaryFolder,
        TMP: temporaryFolder,
        TEMP: temporaryFolder,
        [CHILD_MARKER]: marker,
      },
      detached: HAS_PROCESS_GROUPS,
      shell: false,
      windowsHide: true,
    },
  };
}
