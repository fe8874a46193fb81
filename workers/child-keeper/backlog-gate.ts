/**
 * Stops reading from a process that sends messages, or changes `session.state` or a hold, faster than the main thread handles it:
 * the process then waits on its pipe. See `workers/session/backpressure.ts`, which does the same in a thread.
 */
import { backlogBytes, type UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import { DEADLINE_MS, MAX_BACKLOG_BYTES, NAP_MS } from '../session/backpressure.js';
import { clockMs } from '../session/clock.js';

export interface BacklogGateOwner {
  pause(): void;
  resume(): void;
  /** It is about to pause for the first time because of what no credit limits. */
  onFirstPause?(): void;
}

export class BacklogGate {
  readonly #handledBytes: Int32Array;
  readonly #owner: BacklogGateOwner;
  #postedBytes = 0;
  #told = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param handledBytes see `SharedCounters` */
  constructor(handledBytes: Int32Array, owner: BacklogGateOwner) {
    this.#handledBytes = handledBytes;
    this.#owner = owner;
  }

  /** This frame is passed on. What was read with it is passed on as well: at most one chunk of the pipe. */
  passed(frame: UnpacedFrame): void {
    this.#postedBytes = (this.#postedBytes + backlogBytes(frame)) | 0;
    if (this.#timer !== undefined || !this.#behind) return;
    if (!this.#told && frame.type !== 'send') {
      this.#told = true;
      this.#owner.onFirstPause?.();
    }
    this.#owner.pause();
    this.#look(clockMs() + DEADLINE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Both numbers wrap around. */
  get #behind(): boolean {
    return ((this.#postedBytes - Atomics.load(this.#handledBytes, 0)) | 0) > MAX_BACKLOG_BYTES;
  }

  #look(deadlineMs: number): void {
    this.#timer = setTimeout(() => {
      if (this.#behind && clockMs() < deadlineMs) return this.#look(deadlineMs);
      this.#timer = undefined;
      this.#owner.resume();
    }, NAP_MS);
  }
}
