/** Why a session's thread must stay although nothing is asked of it. */
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';

export class Holds {
  readonly #post: (frame: FromWorkerFrame) => void;
  #count = 0;

  /** The main thread hears of the first hold and of the last one's end as they come: it can't ask a blocked thread. */
  constructor(post: (frame: FromWorkerFrame) => void) {
    this.#post = post;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** Gives the function that releases it; to call that again is harmless. */
  take(): () => void {
    this.#count += 1;
    if (this.#count === 1) this.#post({ type: 'held', held: true });
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#count -= 1;
      if (this.#count === 0) this.#post({ type: 'held', held: false });
    };
  }
}
