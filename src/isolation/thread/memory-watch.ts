/**
 * Keeps session threads under their memory limits, from outside. A thread that allocates in a synchronous loop cannot
 * check itself. V8's own limit ends the process, not the thread, if a single allocation is larger than what is left. So
 * V8's limit is far above `thread-heap-mb` (see ADR 7), and this class ends the thread before it is reached.
 *
 * Every few milliseconds it reads the resident memory of the process, which takes microseconds. It asks the threads
 * only when that has grown, and from time to time.
 */
import { performance } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { Lateness } from '../../shared/deadline.js';
import { messageOf } from '../../shared/errors.js';
import {
  heapSuspicious,
  type MemoryLimit,
  type MemoryLimits,
  type MemoryUse,
  overLimitMessage,
  passedLimit,
} from '../../shared/memory-limits.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { PortWorker } from '../port/port-worker.js';
import { createHeapReader, type HeapReader } from './heap-reader.js';

const INTERVAL_MS = 50;
/** About as much as a loop that does nothing but allocate takes in two intervals. */
const GROWTH_BYTES = 32 * 1024 * 1024;
/** On a busy machine V8 needs a few hundred milliseconds to find out which objects are live. */
const GARBAGE_LASTS_MS = 500;

export class MemoryWatch {
  readonly #threads: ReadonlySet<PortWorker>;
  readonly #limits: MemoryLimits;
  readonly #events: GatewayEmitter;
  readonly #timer: NodeJS.Timeout;
  /** How long each thread's event loop had been idle when it was last asked. */
  readonly #idleMs = new WeakMap<Worker, number>();
  #suspiciousSinceMs = new WeakMap<PortWorker, number>();
  readonly #lateness = new Lateness(INTERVAL_MS);
  /** A heap was suspiciously large: check again in the next interval. */
  #lookAgain = false;
  #reader: HeapReader | undefined;
  #residentBytes = 0;
  #nextLookMs = 0;

  constructor(threads: ReadonlySet<PortWorker>, limits: MemoryLimits, events: GatewayEmitter) {
    this.#events = events;
    this.#threads = threads;
    this.#limits = limits;
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reader?.close();
  }

  #tick(): void {
    // During a stall no thread collects garbage.
    if (this.#lateness.look(performance.now()) > 0) this.#suspiciousSinceMs = new WeakMap();
    if (this.#threads.size === 0 || this.#reader?.ready === false) return;
    const residentBytes = residentMemory();
    this.#residentBytes = Math.min(this.#residentBytes, residentBytes);
    const grown = this.#lookAgain || !(residentBytes - this.#residentBytes < GROWTH_BYTES);
    if (!grown && performance.now() < this.#nextLookMs) return;
    this.#residentBytes = residentBytes;
    this.#lookAgain = false;
    this.#look(grown).catch((error: unknown) => {
      this.#events.emit('notice', {
        level: 'error',
        message: `the memory of session threads could not be read: ${messageOf(error)}`,
      });
    });
  }

  async #look(grown: boolean): Promise<void> {
    const suspects = new Map<Worker, PortWorker>();
    for (const thread of this.#threads) {
      const { worker } = thread;
      if (worker !== undefined && (thread.busy || (grown && this.#spins(worker))))
        suspects.set(worker, thread);
    }
    const [first] = suspects.keys();
    if (first === undefined) return;
    this.#reader ??= createHeapReader(first);
    if (this.#reader === undefined) return;
    await this.#reader.ask([...suspects.keys()], (worker, use) => {
      const thread = suspects.get(worker);
      if (thread !== undefined) this.#judge(thread, use);
    });
    this.#nextLookMs = performance.now() + this.#reader.restMs;
  }

  #judge(thread: PortWorker, use: MemoryUse): void {
    const usedBytes = use.heapBytes + use.externalBytes;
    thread.onMemory({ heapBytes: use.heapBytes, usedBytes });
    const limit = passedLimit(use, this.#limits) ?? this.#lasting(thread, use);
    if (limit !== undefined) thread.kill('out_of_memory', overLimitMessage(limit, usedBytes));
  }

  /** `thread-heap-mb` where the heap has been suspicious for too long to be garbage. */
  #lasting(thread: PortWorker, use: MemoryUse): MemoryLimit | undefined {
    if (!heapSuspicious(use, this.#limits)) {
      this.#suspiciousSinceMs.delete(thread);
      return undefined;
    }
    const now = performance.now();
    const sinceMs = this.#suspiciousSinceMs.get(thread) ?? now;
    this.#suspiciousSinceMs.set(thread, sinceMs);
    this.#lookAgain = true;
    return now - sinceMs > GARBAGE_LASTS_MS ? 'thread-heap-mb' : undefined;
  }

  /** Whether its event loop has not been idle since the last time, with or without a request. */
  #spins(worker: Worker): boolean {
    const before = this.#idleMs.get(worker);
    const { idle } = worker.performance.eventLoopUtilization();
    this.#idleMs.set(worker, idle);
    return before === undefined || idle === before;
  }
}

/** In bytes; `NaN`, which counts as grown, if the system does not report it. On Linux it is read from `/proc`. */
function residentMemory(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return Number.NaN;
  }
}
