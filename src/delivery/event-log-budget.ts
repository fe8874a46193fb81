/**
 * What all sessions' event logs hold together. Past it, the session that hoards most loses first: a few that let events
 * pile up must not cost every other one its events.
 */

/** A log that can be made to give something up. */
export interface BudgetedLog {
  readonly bytes: number;
  /** Drops the event that is missed least; `false` when it has none. */
  dropOne(): boolean;
  /** Where the budget keeps it; the budget's own. */
  rank: number;
}

/** Smaller logs are not kept apart from each other; 65,536 of them fit into 256 MiB. */
const SMALLEST_BYTES = 4 * 1024;
/** A log's rank is 0 below that, and one more each time that its size doubles. */
const RANKS = 32;

export class EventLogBudget {
  readonly limitBytes: number;
  /** The logs of each rank: the largest one is found, to a factor of 2, without a look at all. */
  readonly #ranks: Set<BudgetedLog>[] = Array.from({ length: RANKS }, () => new Set());
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @param bytes how much more the log holds than before, or less */
  account(log: BudgetedLog, bytes: number): void {
    this.#usedBytes += bytes;
    const rank = rankOf(log.bytes);
    if (rank === log.rank) return;
    if (log.rank > 0) this.#ranks[log.rank]?.delete(log);
    if (rank > 0) this.#ranks[rank]?.add(log);
    log.rank = rank;
  }

  /** @param grown the log that has just taken something; it gives way where none is larger. */
  enforce(grown: BudgetedLog): void {
    while (this.#usedBytes > this.limitBytes) {
      if (!(this.#largest() ?? grown).dropOne() && !grown.dropOne()) return;
    }
  }

  #largest(): BudgetedLog | undefined {
    for (let rank = RANKS - 1; rank > 0; rank -= 1) {
      for (const log of this.#ranks[rank] ?? []) return log;
    }
    return undefined;
  }
}

function rankOf(bytes: number): number {
  if (bytes < SMALLEST_BYTES) return 0;
  return Math.min(RANKS - 1, 1 + Math.floor(Math.log2(bytes / SMALLEST_BYTES)));
}
