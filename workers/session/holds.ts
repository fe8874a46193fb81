/** Reasons why a session's thread must stay although no request is in flight. */
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';

export class Holds {
  readonly #post: (frame: FromWorkerFrame) => void;
  #count = 0;

  /**
   * Reports the first hold and the end of the last one to the main thread when they happen, because a blocked thread
   * cannot be asked.
   */
  constructor(post: (frame: FromWorkerFrame) => void) {
    this.#post = post;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** Returns the function that releases it; calling that again does nothing. */
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
