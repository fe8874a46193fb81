/**
 * Slows down a program that writes much that is no message: all sessions' lines are read in one thread, which a flood would keep
 * busy. It waits on its pipe meanwhile, as it would for a slow reader.
 */

/** 10 MiB a second, in portions that take less than the lines of other sessions may wait. */
const PAUSE_MS = 25;
const BYTES_A_PAUSE = 256 * 1024;
/** What a line costs besides its bytes: a short one takes as long as some hundred bytes of a long one. */
const BYTES_A_LINE = 256;
/** Whatever was read at once, its session goes on after a second. */
const MAX_BYTES = 40 * BYTES_A_PAUSE;

export class NoiseThrottle {
  readonly #pause: () => void;
  readonly #resume: () => void;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  /** So many bytes, in so many lines, were read and were no message. */
  noise(bytes: number, lines: number): void {
    this.#bytes = Math.min(this.#bytes + bytes + lines * BYTES_A_LINE, MAX_BYTES);
    if (this.#bytes < BYTES_A_PAUSE || this.#timer !== undefined) return;
    this.#pause();
    this.#wait();
  }

  /** Lets it go on at once. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#bytes = 0;
    this.#resume();
  }

  /** What was read with the line that was too much has to be waited for as well. */
  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#bytes -= BYTES_A_PAUSE;
      if (this.#bytes < BYTES_A_PAUSE) this.stop();
      else this.#wait();
    }, PAUSE_MS);
  }
}
