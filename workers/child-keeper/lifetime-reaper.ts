/**
 * Ends lifetimes: SIGTERM to the groups and to descendants that have left them, then SIGKILL after a grace, repeatedly,
 * until two searches in a row find nothing. A process is told only about the end of its own children, so the process
 * table has to be searched; all lifetimes that are ending share each search.
 *
 * A descendant is missed only if it left its group and its session, lost its parents before the lifetime ended, and
 * also cleared its environment.
 */
import { signalProcess } from '../../src/shared/process-group.js';
import {
  HAS_PROCESS_TABLE,
  lookAtProcesses,
  type ProcessEntry,
  type ProcessLook,
  readProcess,
} from '../../src/shared/process-table.js';
import { clockMs } from '../session/clock.js';

/** Enough for a program to flush and remove its temporary files. A client that has left does not wait for it. */
const TERM_GRACE_MS = 500;
/** SIGKILL works within milliseconds, except in uninterruptible system calls. */
const KILL_DEADLINE_MS = 3_000;
const LOOK_INTERVAL_MS = 10;
/** Searching a large process table must not take more than a quarter of the keeper's time. */
const LOOK_PAUSE_FACTOR = 3;
/** A process in the middle of `execve` shows no environment, and one can fork while the table is read. */
const CLEAN_LOOKS = 2;

export interface ReapReport {
  /** How many processes still ran when the lifetime ended. */
  readonly killed: number;
  /** Processes that are still there. */
  readonly survivors: readonly number[];
}

/** Processes that end together: those of a lifetime, or those that a dead gateway has left. */
export interface Reapable {
  /** Its living processes. They are searched for in `look`, or are those that are known if it is `undefined`. */
  find(look: ProcessLook | undefined): readonly number[];
  /** Whether this is a process that `find` has found, and not a later one with the same id. */
  isKnown(entry: ProcessEntry | undefined): boolean;
  /** Whether everything that this thread has to reap has been reaped. */
  readonly reaped: boolean;
  signalGroups(signal: NodeJS.Signals): void;
  /** Stops searching for processes that may be left. */
  abandon(): void;
}

interface Ending {
  readonly lifetime: Reapable;
  readonly beganMs: number;
  readonly resolve: (report: ReapReport) => void;
  /** Processes that have been found alive. */
  readonly found: Set<number>;
  terminated: boolean;
  cleanLooks: number;
}

export class LifetimeReaper {
  readonly #endings = new Set<Ending>();
  #timer: NodeJS.Timeout | undefined;

  /** Ends a lifetime, to which no more children may be added. Resolves when nothing is left, within 3.5 s. */
  end(lifetime: Reapable): Promise<ReapReport> {
    return new Promise((resolve) => {
      this.#endings.add({
        lifetime,
        beganMs: clockMs(),
        resolve,
        found: new Set(),
        terminated: false,
        cleanLooks: 0,
      });
      // After the frames that have already arrived, so that a burst of ends shares its first look.
      this.#timer ??= setTimeout(() => this.#look(), 0);
    });
  }

  #look(): void {
    const beganMs = clockMs();
    const look = lookAtProcesses();
    const seesAll = look !== undefined || !HAS_PROCESS_TABLE;
    for (const ending of this.#endings) {
      const alive = ending.lifetime.find(look);
      for (const pid of alive) ending.found.add(pid);
      const clean = seesAll && alive.length === 0 && ending.lifetime.reaped;
      ending.cleanLooks = clean ? ending.cleanLooks + 1 : 0;
      this.#advance(ending, alive, beganMs - ending.beganMs);
    }
    const tookMs = clockMs() - beganMs;
    this.#timer =
      this.#endings.size === 0
        ? undefined
        : setTimeout(() => this.#look(), Math.max(LOOK_INTERVAL_MS, tookMs * LOOK_PAUSE_FACTOR));
  }

  #advance(ending: Ending, alive: readonly number[], elapsedMs: number): void {
    const { lifetime } = ending;
    if (ending.cleanLooks >= CLEAN_LOOKS || elapsedMs > TERM_GRACE_MS + KILL_DEADLINE_MS) {
      this.#endings.delete(ending);
      lifetime.abandon();
      ending.resolve({ killed: ending.found.size, survivors: alive });
    } else if (elapsedMs >= TERM_GRACE_MS) {
      lifetime.signalGroups('SIGKILL');
      signalEach(lifetime, alive, 'SIGKILL');
    } else if (!ending.terminated) {
      // Once, and to each process once: many programs take a second SIGTERM as an order to skip their clean-up, and
      // what they start for the clean-up must be allowed to work.
      ending.terminated = true;
      if (HAS_PROCESS_TABLE) signalEach(lifetime, alive, 'SIGTERM');
      else lifetime.signalGroups('SIGTERM');
    }
  }
}

function signalEach(lifetime: Reapable, pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) if (lifetime.isKnown(readProcess(pid))) signalProcess(pid, signal);
}
