/**
 * Size of all sessions' event logs together. Beyond the limit, the session with the largest log loses events first: a
 * few sessions that let events pile up must not cost every other session its events.
 */

/** A log from which events can be dropped. */
export interface BudgetedLog {
  readonly bytes: number;
  /** Drops the event that is least needed; `false` if there is none. */
  dropOne(): boolean;
  /** The position of the log in the budget; used by the budget only. */
  rank: number;
}

/** Smaller logs are not sorted by size; 65,536 of them fit into 256 MiB. */
const SMALLEST_BYTES = 4 * 1024;
/** A log's rank is 0 below that size, and one more each time that the size doubles. */
const RANKS = 32;

export class EventLogBudget {
  readonly limitBytes: number;
  /** The logs of each rank. The largest one is found, to a factor of 2, without a search. */
  readonly #ranks: Set<BudgetedLog>[] = Array.from({ length: RANKS }, () => new Set());
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @param bytes how much more the log holds than before; negative if less */
  account(log: BudgetedLog, bytes: number): void {
    this.#usedBytes += bytes;
    const rank = rankOf(log.bytes);
    if (rank === log.rank) return;
    if (log.rank > 0) this.#ranks[log.rank]?.delete(log);
    if (rank > 0) this.#ranks[rank]?.add(log);
    log.rank = rank;
  }

  /** @param grown the log that has just received an event; it loses one if no other log is larger */
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
