/** The two limits of a session thread's memory, and when they count as passed. Main thread and session thread share them. */

export interface MemoryLimits {
  /** `thread-heap-mb` */
  readonly heapBytes: number;
  /** `thread-memory-mb` */
  readonly memoryBytes: number;
}

export type MemoryLimit = 'thread-heap-mb' | 'thread-memory-mb';

export interface MemoryUse {
  readonly heapBytes: number;
  /** What V8 knows to be held outside of the heap, Buffers above all. */
  readonly externalBytes: number;
}

/** V8 collects when the heap has grown to at most about twice what survived the last time. */
const GARBAGE_FACTOR = 2;
/** However small the heap, it allocates so much more while it marks what lives. */
const GARBAGE_BYTES = 32 * 1024 * 1024;

/**
 * The limit that the thread has passed whatever part of its heap is garbage. Between its limit and about twice
 * that, only a garbage collection tells.
 */
export function passedLimit(
  { heapBytes, externalBytes }: MemoryUse,
  limits: MemoryLimits,
): MemoryLimit | undefined {
  if (heapBytes > limits.heapBytes * GARBAGE_FACTOR + GARBAGE_BYTES) return 'thread-heap-mb';
  if (Math.min(heapBytes, limits.heapBytes) + externalBytes > limits.memoryBytes) return 'thread-memory-mb';
  return undefined;
}

/** For the client whose request was lost. */
export function overLimitMessage(limit: MemoryLimit, usedBytes: number): string {
  if (limit === 'thread-heap-mb') return 'its heap passed thread-heap-mb';
  const megabytes = Math.round(usedBytes / (1024 * 1024));
  return `it held ${megabytes} MiB of heap and Buffers, more than thread-memory-mb allows`;
}
