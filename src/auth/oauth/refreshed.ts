/**
 * Something that is fetched from an authorization server and kept. It is fetched anew when it is old, while the old one
 * goes on being used; and never more often than a cool-down allows, however many requests ask for it.
 */
import { performance } from 'node:perf_hooks';

export interface RefreshedOptions<Value> {
  readonly fetch: () => Promise<Value>;
  /** After this, a use fetches it again in the background. */
  readonly staleMs: number;
  /** The least time until the next fetch, after one that succeeded, */
  readonly coolDownMs: number;
  /** and after one that failed. */
  readonly failureCoolDownMs: number;
  /** A fetch has failed. */
  readonly onFailure: (error: unknown) => void;
}

export class Refreshed<Value> {
  readonly #options: RefreshedOptions<Value>;
  #value: { readonly is: Value; readonly sinceMs: number } | undefined;
  #fetching: Promise<Value> | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(options: RefreshedOptions<Value>) {
    this.#options = options;
  }

  /** The one that is kept; without one, the one that is fetched now. Rejects if that fails. */
  async get(): Promise<Value> {
    const { staleMs } = this.#options;
    if (this.#value === undefined) return this.refresh();
    if (performance.now() - this.#value.sinceMs >= staleMs) this.refresh().catch(ignoredHere);
    return this.#value.is;
  }

  /**
   * A newer one than the one that is kept, unless the last fetch was too recent: then its outcome counts. Rejects if that
   * was a failure.
   */
  refresh(): Promise<Value> {
    if (this.#fetching !== undefined) return this.#fetching;
    const { coolDownMs, failureCoolDownMs } = this.#options;
    const waitsMs = this.#failure === undefined ? coolDownMs : failureCoolDownMs;
    if (performance.now() - this.#triedMs < waitsMs) {
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      if (this.#value !== undefined) return Promise.resolve(this.#value.is);
    }
    const fetching = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    this.#fetching = fetching;
    return fetching;
  }

  async #fetch(): Promise<Value> {
    this.#triedMs = performance.now();
    try {
      const is = await this.#options.fetch();
      this.#value = { is, sinceMs: performance.now() };
      this.#failure = undefined;
      return is;
    } catch (error) {
      this.#failure = error;
      this.#options.onFailure(error);
      throw error;
    }
  }
}

/** `onFailure` has reported it. */
function ignoredHere(): void {}
