/**
 * The end of a process's output after the process itself. A descendant may keep its pipes open; what arrives later than
 * this is ignored. The time counts only while the output is read.
 */
import { afterReading } from '../../src/shared/deadline.js';

const OUTPUT_AFTER_EXIT_MS = 500;

export class LateOutput {
  readonly #ignore: () => void;
  #exited = false;
  #held = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param ignore closes the output */
  constructor(ignore: () => void) {
    this.#ignore = ignore;
  }

  /** The process has exited. */
  exited(): void {
    this.#exited = true;
    this.#wait();
  }

  /** It is not read at the moment. */
  hold(): void {
    this.#held = true;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#held = false;
    this.#wait();
  }

  /** It has ended. */
  close(): void {
    this.hold();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (!this.#exited || this.#held) return;
    // After a stall, timers come before what has arrived.
    this.#timer = setTimeout(() => afterReading(this.#ignore), OUTPUT_AFTER_EXIT_MS);
  }
}
