import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ToolView } from '../tool-rules.js';
import type { SessionChildProcesses } from './children/child-processes.js';
import type { ModuleLog } from './module-log.js';

/** The thread that a session runs in, as the session sees it. */
export interface SessionHostOwner {
  readonly log: ModuleLog;
  readonly children: SessionChildProcesses;
  /** The option `fast-path`. */
  readonly fastPath: boolean;
  /** `undefined`: the client sees the tools as they are. */
  readonly tools: ToolView | undefined;
  /** Whether to report what the module answers to `initialize` and to the lists. */
  readonly learns: boolean;
  /** Size of `session.state` of all sessions, in KiB. */
  readonly stateUsedKib: number;
  /** It may block, where the main thread has too much of what nobody has asked for. */
  post(frame: FromWorkerFrame): void;
}
