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

/** However small the heap, it allocates so much more while V8 marks what lives. */
const GARBAGE_BYTES = 32 * 1024 * 1024;

/**
 * Whether the heap is larger than it usually gets with all of its garbage: V8 collects when it has about doubled.
 * Where that lasts, it is no garbage.
 */
export function heapSuspicious({ heapBytes }: MemoryUse, limits: MemoryLimits): boolean {
  return heapBytes > 2 * limits.heapBytes + GARBAGE_BYTES;
}

/** The limit that the thread has passed whatever part of its heap is garbage. */
export function passedLimit(
  { heapBytes, externalBytes }: MemoryUse,
  limits: MemoryLimits,
): MemoryLimit | undefined {
  if (heapBytes > 4 * limits.heapBytes + GARBAGE_BYTES) return 'thread-heap-mb';
  if (Math.min(heapBytes, limits.heapBytes) + externalBytes > limits.memoryBytes) return 'thread-memory-mb';
  return undefined;
}

/** For the client whose request was lost. */
export function overLimitMessage(limit: MemoryLimit, usedBytes: number): string {
  if (limit === 'thread-heap-mb') return 'its heap passed thread-heap-mb';
  const megabytes = Math.round(usedBytes / (1024 * 1024));
  return `it held ${megabytes} MiB of heap and Buffers, more than thread-memory-mb allows`;
}

/** For the client whose request was lost though its thread was below its own limits. */
export function overContainerMessage(usedBytes: number): string {
  const megabytes = Math.round(usedBytes / (1024 * 1024));
  return `the memory of the gateway's container is nearly full, and it held the most, ${megabytes} MiB; lower max-threads, or give the container more memory`;
}
