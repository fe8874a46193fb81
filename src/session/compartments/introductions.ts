/**
 * What a server has said of itself to compartments, where nothing of it is known otherwise: its lists are its sessions' own, or
 * it has never been started. It is asked once for all who want to know meanwhile, and later callers are given what it said.
 * Callers that never share a compartment do not share an introduction either, because instructions may tell of a principal.
 */
import type { CachedAnswer } from '../../servers/cached-answers.js';
import { type Introduction, introductionOf } from '../../shared/stateless.js';

/** Callers whose introductions are kept, the latest ones, and the characters of each. A longer one is asked for each time. */
const MAX_KEPT = 256;
const MAX_KEPT_CHARS = 16 * 1024;
/** Questions whose askers may have been answered without them, so that a server that starts slowly introduces itself at last. */
const MAX_GOING_ON = 4;

/** @param goesOn whether it may take as long as the server needs, rather than as long as somebody waits */
type Ask = (goesOn: boolean, signal: AbortSignal) => Promise<CachedAnswer | undefined>;

export class Introductions {
  /** By caller, the latest last. */
  readonly #kept = new Map<string, CachedAnswer>();
  readonly #asked = new Map<string, Promise<CachedAnswer | undefined>>();
  readonly #stopping = new AbortController();
  #first: Introduction | undefined;

  /** What it said first, to any caller, without its instructions. */
  get first(): Introduction | undefined {
    return this.#first;
  }

  /** What it said to this caller. */
  of(caller: string): CachedAnswer | undefined {
    return this.#kept.get(caller);
  }

  /** The same; it is asked, unless it is being asked already. `undefined` if it does not answer. Never rejects. */
  ask(caller: string, ask: Ask): Promise<CachedAnswer | undefined> {
    const asked = this.#asked.get(caller);
    if (asked !== undefined) return asked;
    const goesOn = this.#asked.size < MAX_GOING_ON;
    const answered = ask(goesOn, this.#stopping.signal).then((answer) => {
      this.#asked.delete(caller);
      if (answer !== undefined) this.#keep(caller, answer);
      return answer;
    });
    this.#asked.set(caller, answered);
    return answered;
  }

  /** Nothing is asked any more: whoever waits gets no answer. */
  stop(): void {
    this.#stopping.abort();
  }

  #keep(caller: string, answer: CachedAnswer): void {
    const { before, after } = answer;
    if (before.length + after.length > MAX_KEPT_CHARS) return;
    this.#first ??= introductionOf(`${before}0${after}`);
    this.#kept.delete(caller);
    this.#kept.set(caller, answer);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
  }
}
