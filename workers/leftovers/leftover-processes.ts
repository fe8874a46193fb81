/** The processes that dead gateways left behind: those with their marks, and what these have started. */
import { isDead, ownerOfMark, type ProcessOwner } from '../../src/shared/process-owner.js';
import { markedProcesses, type ProcessEntry, type ProcessLook } from '../../src/shared/process-table.js';
import type { Reapable } from '../child-keeper/lifetime-reaper.js';
import { clockMs } from '../session/clock.js';

/**
 * The owners of marked processes that are dead for certain. That is none on nearly every start, so nothing but marks is
 * read for it.
 */
export function deadOwners(deadlineMs: number): {
  readonly owners: readonly ProcessOwner[];
  readonly complete: boolean;
} {
  const owners = new Map<string, ProcessOwner>();
  let complete = true;
  for (const { marker } of markedProcesses()) {
    const owner = ownerOfMark(marker);
    if (owner !== undefined) owners.set(keyOf(owner), owner);
    if (clockMs() < deadlineMs) continue;
    complete = false;
    break;
  }
  return { owners: [...owners.values()].filter(isDead), complete };
}

export class LeftoverProcesses implements Reapable {
  /** Nobody here has started them, so nobody here has to reap them. */
  readonly reaped = true;
  readonly #owners: ReadonlySet<string>;
  readonly #oldestTicks: number;
  /** Start times of the processes that have been found, by id. */
  readonly #known = new Map<number, number>();

  /** @param owners dead */
  constructor(owners: readonly ProcessOwner[]) {
    this.#owners = new Set(owners.map(keyOf));
    this.#oldestTicks = Math.min(...owners.map(({ startTicks }) => startTicks));
  }

  find(look: ProcessLook | undefined): number[] {
    if (look === undefined) return [...this.#known.keys()];
    const decided = ownFamily(look);
    // If this process itself was left behind, what else was left with it may be what it works for.
    const ofOwn = ownerOfMark(look.marker(process.pid));
    const owners = new Set(this.#owners);
    if (ofOwn !== undefined) owners.delete(keyOf(ofOwn));
    const found: ProcessEntry[] = [];
    for (const entry of look.table.values()) {
      if (!entry.zombie && this.#belongs(entry, look, owners, decided)) found.push(entry);
    }
    this.#known.clear();
    for (const { pid, startTicks } of found) this.#known.set(pid, startTicks);
    return [...this.#known.keys()];
  }

  isKnown(entry: ProcessEntry | undefined): boolean {
    return entry !== undefined && this.#known.get(entry.pid) === entry.startTicks;
  }

  /** Each is signalled by itself: whether a group has other members is not known. */
  signalGroups(): void {}

  abandon(): void {}

  #belongs(
    entry: ProcessEntry,
    look: ProcessLook,
    owners: ReadonlySet<string>,
    decided: Map<number, boolean>,
  ): boolean {
    const before = decided.get(entry.pid);
    if (before !== undefined) return before;
    // "No" until it is known, so that a table in which ids were reused cannot cause an endless loop.
    decided.set(entry.pid, false);
    const answer = entry.startTicks >= this.#oldestTicks && this.#isLeft(entry, look, owners, decided);
    decided.set(entry.pid, answer);
    return answer;
  }

  #isLeft(
    entry: ProcessEntry,
    look: ProcessLook,
    owners: ReadonlySet<string>,
    decided: Map<number, boolean>,
  ): boolean {
    if (this.isKnown(entry)) return true;
    const belongs = (pid: number): boolean => {
      const other = look.table.get(pid);
      return other !== undefined && this.#belongs(other, look, owners, decided);
    };
    const owner = ownerOfMark(look.marker(entry.pid));
    if (owner === undefined) return belongs(entry.parent) || belongs(entry.group) || belongs(entry.session);
    if (owners.has(keyOf(owner))) return true;
    // Another gateway's, which may have been started by what was left behind: then all of it ends. Its process may also
    // be gone, or in another container.
    return look.table.get(owner.pid)?.startTicks === owner.startTicks && belongs(owner.pid);
  }
}

/** This process and those that it descends from are nobody's leftovers. */
function ownFamily({ table }: ProcessLook): Map<number, boolean> {
  const family = new Map<number, boolean>();
  for (let next = table.get(process.pid); next !== undefined && !family.has(next.pid); ) {
    family.set(next.pid, false);
    next = table.get(next.parent);
  }
  return family;
}

function keyOf({ pid, startTicks, place }: ProcessOwner): string {
  return `${pid} ${startTicks} ${place}`;
}
