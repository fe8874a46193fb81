import type { GroupState } from '../../src/shared/keeper-frames.js';
import { signalGroup, signalLeaderlessGroup } from '../../src/shared/process-group.js';
import { newMark } from '../../src/shared/process-owner.js';
import type { ProcessEntry, ProcessLook } from '../../src/shared/process-table.js';
import type { KeptProcess } from './kept-process.js';
import type { Reapable } from './lifetime-reaper.js';

/**
 * The processes that end together: those of one request, or those of the session itself. It outlives each of them,
 * because a process that has ended may have left descendants.
 */
export class ChildLifetime implements Reapable {
  /** In the environment of every process of this lifetime, and of no other. */
  readonly marker: string = newMark();
  readonly #reportGroup: (group: number, state: GroupState) => void;
  readonly #children = new Set<KeptProcess>();
  /** Groups that their first process has left. */
  readonly #leaderless = new Set<number>();
  /** Start times of the processes that have been found to belong to this lifetime, by id. */
  readonly #known = new Map<number, number>();
  #firstStartTicks: number | undefined;

  constructor(reportGroup: (group: number, state: GroupState) => void) {
    this.#reportGroup = reportGroup;
  }

  /** Takes in a child that has just been started. `startTicks` is its start time, 0 where that is not known. */
  add(child: KeptProcess, startTicks: number): void {
    this.#dropEmptyGroups();
    this.#children.add(child);
    if (child.pid === undefined) return;
    this.#firstStartTicks ??= startTicks;
    this.#reportGroup(child.pid, 'running');
  }

  /** The child is reaped; its group may still have members. */
  exited({ pid }: KeptProcess): void {
    this.#dropEmptyGroups();
    if (pid === undefined) return;
    const leaderless = signalLeaderlessGroup(pid, 0);
    if (leaderless) this.#leaderless.add(pid);
    this.#reportGroup(pid, leaderless ? 'leaderless' : 'gone');
  }

  /** The child is reaped and its pipes are closed. */
  remove(child: KeptProcess): void {
    this.#children.delete(child);
  }

  get children(): ReadonlySet<KeptProcess> {
    return this.#children;
  }

  /** The processes that are known to belong to it. */
  get roots(): ReadonlySet<number> {
    const roots = new Set(this.#known.keys());
    for (const { running, pid } of this.#children) if (running && pid !== undefined) roots.add(pid);
    return roots;
  }

  /** Whether every child process has been reaped. */
  get reaped(): boolean {
    for (const child of this.#children) if (child.running) return false;
    return true;
  }

  /** Signals every group at once, which a process that forks meanwhile can't escape. */
  signalGroups(signal: NodeJS.Signals): void {
    for (const { running, pid } of this.#children) if (running && pid !== undefined) signalGroup(pid, signal);
    for (const group of this.#leaderless) signalLeaderlessGroup(group, signal);
  }

  /** Stops searching for processes that may be left. */
  abandon(): void {
    for (const group of this.#leaderless) this.#reportGroup(group, 'gone');
    this.#leaderless.clear();
    for (const child of this.#children) child.destroyStreams();
  }

  /**
   * The living processes of this lifetime: those found before, those in its groups and sessions, those with its marker,
   * and all descendants of these. Without a process table, the first process of each group.
   */
  find(look: ProcessLook | undefined): number[] {
    this.#dropEmptyGroups();
    const groups = new Set(this.#leaderless);
    for (const { running, pid } of this.#children) if (running && pid !== undefined) groups.add(pid);
    if (look === undefined) {
      for (const group of groups) this.#known.set(group, this.#known.get(group) ?? 0);
      return [...groups];
    }
    const alive: number[] = [];
    const decided = new Map<number, boolean>();
    // A server that starts processes all the time would otherwise be remembered for all of them.
    for (const pid of this.#known.keys()) if (!look.table.has(pid)) this.#known.delete(pid);
    for (const entry of look.table.values()) {
      if (entry.zombie || !this.#belongs(entry, look, groups, decided)) continue;
      this.#known.set(entry.pid, entry.startTicks);
      alive.push(entry.pid);
    }
    return alive;
  }

  /** Whether this id still belongs to the process that `find` found, and not to a later one. */
  isKnown(entry: ProcessEntry | undefined): boolean {
    return entry !== undefined && this.#known.get(entry.pid) === entry.startTicks;
  }

  #belongs(
    entry: ProcessEntry,
    look: ProcessLook,
    groups: ReadonlySet<number>,
    decided: Map<number, boolean>,
  ): boolean {
    const before = decided.get(entry.pid);
    if (before !== undefined) return before;
    // "No" until it is known, so that a table in which ids were reused cannot cause an endless loop.
    decided.set(entry.pid, false);
    // A process that started before the first child cannot descend from it. This excludes the gateway itself and init.
    if (this.#firstStartTicks === undefined || entry.startTicks < this.#firstStartTicks) return false;
    const parent = look.table.get(entry.parent);
    const answer =
      this.isKnown(entry) ||
      groups.has(entry.group) ||
      groups.has(entry.session) ||
      (parent !== undefined && this.#belongs(parent, look, groups, decided)) ||
      look.marker(entry.pid) === this.marker;
    decided.set(entry.pid, answer);
    return answer;
  }

  /** Removes empty groups, because their ids may soon be reused. */
  #dropEmptyGroups(): void {
    for (const group of this.#leaderless) {
      if (signalLeaderlessGroup(group, 0)) continue;
      this.#leaderless.delete(group);
      this.#reportGroup(group, 'gone');
    }
  }
}
