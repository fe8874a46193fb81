/**
 * How many workers of a kind the servers of a gateway may have together: `max-threads`, or `max-processes`. If sessions
 * of a server wait, it gets what other servers do not need: first their spares, then the workers of sessions without
 * work.
 */

import type { Isolation } from '../telemetry/events.js';
import { WorkerShares } from './worker-shares.js';
import type { WorkerDemand } from './worker-source.js';

/** Words for a kind of worker, for messages. */
export interface WorkerWords {
  readonly isolation: Isolation;
  readonly plural: string;
  /** The option that limits their number. */
  readonly limit: 'max-threads' | 'max-processes';
}

export const THREAD_WORDS: WorkerWords = { isolation: 'thread', plural: 'threads', limit: 'max-threads' };
export const PROCESS_WORDS: WorkerWords = {
  isolation: 'process',
  plural: 'processes',
  limit: 'max-processes',
};

/** One server's pool. */
export interface BudgetMember {
  /** Number of workers that count towards the limit. */
  readonly live: number;
  /** The number of them that are ending. */
  readonly leaving: number;
  /** When whoever waits there first had the last turn; `undefined`: nobody waits. */
  readonly turn: number | undefined;
  /** Whether somebody waits there who should have a worker of this consumer, and for whom none is on its way. */
  outranks(consumer: string): boolean;
  /** A worker has gone. */
  onRoom(): void;
  /** Ends a spare; `false` if there is none. */
  giveSpare(): boolean;
  /** Asks a session without work to give back its worker; `false` if none can. */
  giveIdle(): boolean;
}

export class WorkerBudget implements WorkerDemand {
  readonly limit: number;
  readonly words: WorkerWords;
  /** Who has them. */
  readonly shares = new WorkerShares();
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

  /** Whether one more worker may be started. */
  get room(): boolean {
    return this.live < this.limit;
  }

  get live(): number {
    let live = 0;
    for (const member of this.#members) live += member.live;
    return live;
  }

  /** Why nobody gets one. */
  get shortage(): string {
    if (this.room) return 'the machine is too busy to start one';
    return `all ${this.limit} are in use (${this.words.limit})`;
  }

  get crowded(): boolean {
    return this.shares.waiting > 0;
  }

  get leaving(): number {
    let leaving = 0;
    for (const member of this.#members) leaving += member.leaving;
    return leaving;
  }

  /** A worker of this pool has gone: where somebody waits whose turn it is, another one is started first. */
  gone(member: BudgetMember): void {
    if (!this.crowded) return;
    const waiting = [...this.#members].filter(({ turn }) => turn !== undefined);
    // Of those whose turn is the same, the pool's own sessions come first.
    const rank = (one: BudgetMember): number => (one.turn ?? 0) * 2 + (one === member ? 0 : 1);
    waiting.sort((one, other) => rank(one) - rank(other));
    for (const one of waiting) if (this.room) one.onRoom();
  }

  yields(consumer: string): boolean {
    if (!this.crowded || this.room) return false;
    for (const member of this.#members) if (member.outranks(consumer)) return true;
    return false;
  }

  /** Makes another server give up a worker. `false` if none can. */
  makeRoomFor(member: BudgetMember): boolean {
    const others = [...this.#members].filter((other) => other !== member);
    return others.some((other) => other.giveSpare()) || others.some((other) => other.giveIdle());
  }
}
