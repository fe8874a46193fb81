/**
 * Slows down a program that writes much that is no message: all sessions' lines are read in one thread, which a flood would keep
 * busy. It waits on its pipe meanwhile, as it would for a slow reader.
 */
const PAUSE_MS = 100;
/** 10 MiB a second. */
const BYTES_BETWEEN_PAUSES = 1024 * 1024;

export class NoiseThrottle {
  readonly #pause: () => void;
  readonly #resume: () => void;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  /** So many bytes were read and were no message. */
  noise(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < BYTES_BETWEEN_PAUSES || this.#timer !== undefined) return;
    this.#pause();
    this.#timer = setTimeout(() => this.stop(), PAUSE_MS);
  }

  /** Lets it go on at once. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#bytes = 0;
    this.#resume();
  }
}
