/**
 * The clients that experience a fault: sessions that open, make calls of all kinds, up to three at a time, and end,
 * until the run's share of calls has been made and the fault is over. A temper says how often they misbehave.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../fixtures/isolation/random.js';
import { type CallPlan, ClientSession } from './client-session.js';
import type { Operation, SessionHistory } from './history.js';

const CLIENTS = 24;
const CALLS_EACH = 150;
const GET_STREAM_SHARE = 0.5;
const VANISHING_SHARE = 0.3;
/** How long a client waits that was refused a session. */
const REFUSED_PAUSE_MS = 250;

/** The well-behaved part, which is the same in every run. */
const BASE = { echo: 40, mark: 30, file: 5, name: 3, progress: 10, tell: 4, child: 0.5 };
const HURTING = {
  exit: 0,
  throw: 0,
  spin: 0,
  stubborn: 0,
  cancel: 0,
  leave: 0,
  fill_heap: 0,
  fill_buffers: 0,
  log: 0,
};
type Deed = keyof typeof BASE | keyof typeof HURTING;
/** Weights; those of the well-behaved calls are about 92 in total. */
export type Temper = Readonly<Partial<Record<Deed, number>>>;

export interface WorkloadPlan {
  readonly url: URL;
  readonly random: SeededRandom;
  readonly temper: Temper;
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Each client waits up to this time between its calls, so that its session may fall asleep. */
  readonly pauseMs?: number;
  /** The workload continues until this aborts and there were enough calls. */
  readonly faultOver: AbortSignal;
  /** Whether there is no server any more. */
  readonly hopeless: () => boolean;
}

export class Workload {
  readonly histories: SessionHistory[] = [];
  calls = 0;
  resumes = 0;
  readonly #plan: WorkloadPlan;
  readonly #weights: Record<Deed, number>;
  readonly #startMs = performance.now();
  readonly #onResumed = () => {
    this.resumes += 1;
  };
  #sessions = 0;

  constructor(plan: WorkloadPlan) {
    this.#plan = plan;
    this.#weights = { ...BASE, ...HURTING, ...plan.temper };
  }

  /** A session for something besides the workload; its history counts with the others. */
  extraSession(): ClientSession {
    this.#sessions += 1;
    return new ClientSession(this.#plan.url, `s${this.#sessions}`, this.#onResumed);
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  get #over(): boolean {
    const { faultOver, calls, hopeless } = this.#plan;
    return faultOver.aborted && (this.calls >= calls || hopeless());
  }

  async #client(): Promise<void> {
    const { random } = this.#plan;
    while (!this.#over) {
      const session = this.extraSession();
      const listens = random.chance(GET_STREAM_SHARE);
      if (await session.open(listens)) await this.#converse(session, listens);
      else await delay(REFUSED_PAUSE_MS);
      await session.leave(random.chance(VANISHING_SHARE) ? 'vanish' : 'delete');
      this.histories.push(session.history());
    }
  }

  async #converse(session: ClientSession, listens: boolean): Promise<void> {
    const { random, pauseMs = 0 } = this.#plan;
    for (let made = 0; made < CALLS_EACH && !session.gone && !this.#over; ) {
      const together = 1 + random.below(3);
      made += together;
      this.calls += together;
      await this.#pace();
      const calls = Array.from({ length: together }, () => session.call(this.#nextCall(listens)));
      const operations = await Promise.all(calls);
      if (operations.some(failedAtOnce)) await delay(REFUSED_PAUSE_MS);
      if (pauseMs > 0) await delay(random.below(pauseMs));
    }
  }

  /** Keeps the calls at their rate: taking processor time from the bystander would say nothing about the fault. */
  async #pace(): Promise<void> {
    const dueMs = this.#startMs + (this.calls * 1_000) / this.#plan.callsPerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
  }

  #nextCall(listens: boolean): CallPlan {
    const { random } = this.#plan;
    const deed = random.weighted(this.#weights);
    switch (deed) {
      case 'progress':
        return { tool: 'progress', ...this.#numbered() };
      case 'tell':
        return listens ? { tool: 'tell', ...this.#numbered(), stepsOn: 'get' } : { tool: 'echo' };
      case 'spin':
        return { tool: 'spin', cancelAfterMs: 20 + random.below(200) };
      case 'stubborn':
        return { tool: 'stubborn', cancelAfterMs: random.below(300) };
      case 'cancel':
        return this.#cancelled();
      case 'leave':
        return { tool: 'wait', arguments: { ms: random.below(500) }, leaveAfterMs: random.below(100) };
      default:
        return { tool: deed };
    }
  }

  #numbered(): Pick<CallPlan, 'arguments' | 'steps'> {
    const steps = 2 + this.#plan.random.below(8);
    return { steps, arguments: { steps, ms: this.#plan.random.below(20) } };
  }

  /** At any moment of a call's life, including before it has begun and after it has ended. */
  #cancelled(): CallPlan {
    const { random } = this.#plan;
    const cancelAfterMs = random.below(60);
    const choice = random.below(3);
    if (choice === 0) return { tool: 'mark', cancelAfterMs: random.below(4) };
    if (choice === 1) return { tool: 'progress', ...this.#numbered(), cancelAfterMs };
    return { tool: 'wait', arguments: { ms: random.below(500) }, cancelAfterMs };
  }
}

/** Otherwise a server that refuses everything would be asked thousands of times a second. */
function failedAtOnce({ outcome, startMs, endMs }: Operation): boolean {
  return outcome.kind !== 'answer' && outcome.kind !== 'left' && endMs - startMs < 5;
}
