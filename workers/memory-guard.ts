/**
 * Keeps a session thread's memory, heap and Buffers together, under its limit. V8's own limit counts only the
 * heap; Buffers are allocated outside of it, for all threads from the memory of one process.
 *
 * The thread looks at itself in two ways: on a timer, and, because a timer never fires in a synchronous loop,
 * after every few megabytes that the Buffer functions hand out.
 */
import { getHeapStatistics } from 'node:v8';
import type { ThreadFrame } from '../src/shared/frames.js';

const LOOK_INTERVAL_MS = 250;
/** Allocations of together so many bytes make the guard look; small ones come from Buffer's pool. */
const LOOK_AFTER_BYTES = 16 * 1024 * 1024;
/** A change worth telling the main thread. */
const REPORT_STEP_BYTES = 1024 * 1024;

export function watchMemory(limitBytes: number, post: (frame: ThreadFrame) => void): void {
  let reported = 0;
  let allocated = 0;

  const look = (): void => {
    const { used_heap_size: heapBytes, external_memory: externalBytes } = getHeapStatistics() as ReturnType<
      typeof getHeapStatistics
    > & { external_memory: number };
    const usedBytes = heapBytes + externalBytes;
    if (usedBytes > limitBytes) {
      post({ type: 'over-memory', usedBytes });
      // Not an exception: a tool could catch that. In a worker this ends the thread alone.
      process.exit(1);
    }
    if (Math.abs(usedBytes - reported) < REPORT_STEP_BYTES) return;
    reported = usedBytes;
    post({ type: 'memory', usedBytes, heapBytes });
  };

  setInterval(look, LOOK_INTERVAL_MS).unref();

  const count = (bytes: number): void => {
    allocated += bytes;
    if (allocated < LOOK_AFTER_BYTES) return;
    allocated = 0;
    look();
  };
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
    const allocate = Buffer[name] as (size: number, ...rest: unknown[]) => Buffer;
    Buffer[name] = ((size: number, ...rest: unknown[]) => {
      const buffer = allocate.call(Buffer, size, ...rest);
      count(buffer.byteLength);
      return buffer;
    }) as (typeof Buffer)[typeof name];
  }
}
