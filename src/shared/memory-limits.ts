/** The limits of a worker's memory, and when those of a session thread count as exceeded. Used on both sides. */

export interface MemoryLimits {
  /** `thread-heap-mb` */
  readonly heapBytes: number;
  /** `thread-memory-mb` */
  readonly memoryBytes: number;
}

export const MEMORY_LIMITS = ['thread-heap-mb', 'thread-memory-mb', 'process-memory-mb'] as const;
export type MemoryLimit = (typeof MEMORY_LIMITS)[number];

export interface MemoryUse {
  readonly heapBytes: number;
  /** What V8 knows to be held outside of the heap, mostly Buffers. */
  readonly externalBytes: number;
}

/** However small a heap is, it allocates this much while V8 marks live objects. */
const GARBAGE_BYTES = 32 * 1024 * 1024;

/**
 * Whether the heap is larger than it usually gets with all its garbage: V8 collects when the heap has about doubled. If
 * it stays that large, it is not garbage.
 */
export function heapSuspicious({ heapBytes }: MemoryUse, limits: MemoryLimits): boolean {
  return heapBytes > 2 * limits.heapBytes + GARBAGE_BYTES;
}

/** The limit that the thread has exceeded, however much of its heap is garbage. */
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
  return limit === 'process-memory-mb'
    ? `its processes held ${megabytes} MiB, more than process-memory-mb allows`
    : `it held ${megabytes} MiB of heap and Buffers, more than thread-memory-mb allows`;
}

/** For the client whose request was lost although its thread was below its own limits. */
export function overContainerMessage(usedBytes: number): string {
  const megabytes = Math.round(usedBytes / (1024 * 1024));
  return `the memory of the gateway's container is nearly full, and it held the most, ${megabytes} MiB; lower max-threads, or give the container more memory`;
}
