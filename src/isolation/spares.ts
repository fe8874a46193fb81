/**
 * The workers of a pool that wait for a session. If it is known how clients begin, they are introduced: their servers have
 * been sent `initialize` as the next client will send it. Such a spare is given to no other client.
 */
import type { IntroducedClient, SessionWorker } from './worker.js';

/** Clients that begin differently, and take turns, must not have a spare replaced for each of them. */
const REPLACE_AFTER_MS = 10_000;

export class Spares<Worker extends SessionWorker> {
  readonly #workers: Worker[] = [];
  #introduction: () => string | undefined;
  #replacedMs = Number.NEGATIVE_INFINITY;

  /** @param introduction the parameters of `initialize` that the next client is expected to send, as JSON */
  constructor(introduction: () => string | undefined) {
    this.#introduction = introduction;
  }

  get count(): number {
    return this.#workers.length;
  }

  add(worker: Worker): void {
    this.#workers.push(worker);
    this.#introduce(worker);
  }

  /**
   * The oldest spare that was introduced as this client, otherwise one that was not introduced. A spare that is being
   * terminated, because it holds too much memory for example, is not given out.
   * @param client `undefined` if its session has not begun
   */
  take(client: IntroducedClient | undefined): Worker | undefined {
    const ready = this.#workers.filter(({ state }) => state === 'spare');
    const introduced = ready.filter(({ introduction }) => introduction !== undefined);
    const introduction = introduced.length > 0 ? client?.introduction : undefined;
    const spare =
      (introduction && introduced.find((worker) => worker.introduction === introduction)) ||
      ready.find((worker) => worker.introduction === undefined);
    if (spare !== undefined) this.remove(spare);
    return spare;
  }

  /** Any spare, to be ended. */
  drop(): Worker | undefined {
    const spare = this.#workers.findLast(({ state }) => state === 'spare');
    if (spare !== undefined) this.remove(spare);
    return spare;
  }

  /** @returns whether it was one */
  remove(worker: Worker): boolean {
    const index = this.#workers.indexOf(worker);
    if (index !== -1) this.#workers.splice(index, 1);
    return index !== -1;
  }

  /**
   * Another version of the server has taken the place of the present one.
   * @returns the spares that run the earlier one
   */
  replaced(introduction: () => string | undefined): Worker[] {
    this.#introduction = introduction;
    return this.#workers.splice(0);
  }

  /** From now on spares are started, and nothing more. */
  stopIntroducing(): void {
    this.#introduction = () => undefined;
  }

  /**
   * Introduces those that were started before it was known how.
   * @returns one that is no longer needed, because clients begin differently now
   */
  refresh(nowMs: number): Worker | undefined {
    for (const worker of this.#workers) this.#introduce(worker);
    if (nowMs - this.#replacedMs < REPLACE_AFTER_MS) return undefined;
    const expected = this.#introduction();
    const outdated = this.#workers.find(
      ({ introduction, state }) =>
        introduction !== undefined && introduction !== expected && state === 'spare',
    );
    if (outdated === undefined) return undefined;
    this.#replacedMs = nowMs;
    this.remove(outdated);
    return outdated;
  }

  #introduce(worker: Worker): void {
    if (worker.introduction !== undefined || worker.state !== 'spare') return;
    const introduction = this.#introduction();
    if (introduction !== undefined) worker.introduce(introduction);
  }
}
