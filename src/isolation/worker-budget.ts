/**
 * How many workers of a kind the servers of a gateway may have together: `max-threads`, or `max-processes`. A server whose sessions
 * wait is given what others don't need: their spares first, then the workers of sessions without work.
 */

/** What texts say of a kind of worker. */
export interface WorkerWords {
  /** `session thread` */
  readonly worker: string;
  /** The option that bounds their number. */
  readonly limit: 'max-threads' | 'max-processes';
}

export const THREAD_WORDS: WorkerWords = { worker: 'session thread', limit: 'max-threads' };
export const PROCESS_WORDS: WorkerWords = { worker: 'session process', limit: 'max-processes' };

/** One server's pool. */
export interface BudgetMember {
  /** Workers that count. */
  readonly live: number;
  /** Those of them that are on their way out. */
  readonly leaving: number;
  /** A worker of another pool has gone. */
  onRoom(): void;
  /** `false` where it has none. */
  giveSpare(): boolean;
  /** Asks a session without work to give its worker back; `false` when none can. */
  giveIdle(): boolean;
}

export class WorkerBudget {
  readonly limit: number;
  readonly words: WorkerWords;
  readonly #members = new Set<BudgetMember>();

  constructor(limit: number, words: WorkerWords = THREAD_WORDS) {
    this.limit = limit;
    this.words = words;
  }

  join(member: BudgetMember): void {
    this.#members.add(member);
  }

  leave(member: BudgetMember): void {
    this.#members.delete(member);
    this.gone(member);
  }

  /** Whether one more may be started. */
  get room(): boolean {
    return this.live < this.limit;
  }

  get live(): number {
    let live = 0;
    for (const member of this.#members) live += member.live;
    return live;
  }

  get leaving(): number {
    let leaving = 0;
    for (const member of this.#members) leaving += member.leaving;
    return leaving;
  }

  /** A worker of this pool has gone, which its own sessions did not wait for. */
  gone(member: BudgetMember): void {
    for (const other of this.#members) if (other !== member && this.room) other.onRoom();
  }

  /** Makes another server give one. `false` when none can. */
  makeRoomFor(member: BudgetMember): boolean {
    const others = [...this.#members].filter((other) => other !== member);
    return others.some((other) => other.giveSpare()) || others.some((other) => other.giveIdle());
  }
}
