/**
 * Prevents the kernel from ending the gateway when the container's memory is full. Near the limit no thread is started.
 * If that is not enough, the thread that holds most is ended.
 */
import { overContainerMessage } from '../shared/memory-limits.js';
import { type ContainerMemory, findContainerMemory } from './container-memory.js';
import type { SessionWorker } from './worker.js';
import { isDoomed } from './worker-states.js';

/** As a share of the container's memory. */
const NEARLY_FULL = 0.9;
/** Below this share, threads are started again. */
const EASED = 0.85;
/**
 * A check reads two small files, which takes some ten microseconds. A tool needs little more than this time to fill the
 * rest of the memory.
 */
const LOOK_EVERY_MS = 25;
/** By then the memory of a thread that was ended is free. */
const REST_AFTER_END_MS = 500;
/** A thread that holds less than this is not the cause. */
const LEAST_BYTES = 32 * 1024 * 1024;

export class MemoryPressure {
  readonly #workers: ReadonlySet<SessionWorker>;
  readonly #memory: ContainerMemory | undefined;
  readonly #onEased: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #nearlyFull = false;
  #endedMs = Number.NEGATIVE_INFINITY;

  constructor(workers: ReadonlySet<SessionWorker>, onEased: () => void, memory = findContainerMemory()) {
    this.#workers = workers;
    this.#onEased = onEased;
    this.#memory = memory;
    if (memory !== undefined)
      this.#timer = setInterval(() => this.look(performance.now()), LOOK_EVERY_MS).unref();
  }

  /** Whether new threads have to wait. */
  get nearlyFull(): boolean {
    return this.#nearlyFull;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(nowMs: number): void {
    const share = this.#memory?.share(EASED);
    if (share === undefined) return;
    if (share < NEARLY_FULL) {
      if (share >= EASED || !this.#nearlyFull) return;
      this.#nearlyFull = false;
      this.#onEased();
      return;
    }
    this.#nearlyFull = true;
    if (nowMs - this.#endedMs < REST_AFTER_END_MS) return;
    this.#endedMs = nowMs;
    this.#endLargest();
  }

  #endLargest(): void {
    let largest: SessionWorker | undefined;
    for (const worker of this.#workers) {
      if (isDoomed(worker.state) || worker.memoryBytes < LEAST_BYTES) continue;
      if (largest === undefined || worker.memoryBytes > largest.memoryBytes) largest = worker;
    }
    largest?.kill('out_of_memory', overContainerMessage(largest.memoryBytes));
  }
}
