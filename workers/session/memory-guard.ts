/**
 * Keeps a session thread's memory under its limits from inside. V8's own limit is far above them, counts only the heap,
 * and can end the whole process. Buffers are allocated outside of the heap, from the memory of the process.
 *
 * The thread checks itself in two ways: on a timer, and, because a timer never fires in a synchronous loop, after every
 * few megabytes that the Buffer functions return. The main thread sees what else a synchronous loop allocates.
 */
import { Session } from 'node:inspector';
import { getHeapStatistics } from 'node:v8';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import {
  type MemoryLimit,
  type MemoryLimits,
  type MemoryUse,
  passedLimit,
} from '../../src/shared/memory-limits.js';
import { clockMs } from './clock.js';

const LOOK_INTERVAL_MS = 250;
/** The guard checks after allocations that together have this size; small ones come from Buffer's pool. */
const LOOK_AFTER_BYTES = 16 * 1024 * 1024;
/** The smallest change that is reported to the main thread. */
const REPORT_STEP_BYTES = 1024 * 1024;
/** Collections that the guard asks for take at most a tenth of the thread's time. */
const REST_FACTOR = 10;

export function watchMemory(limits: MemoryLimits, post: (frame: FromWorkerFrame) => void): void {
  let reported = 0;
  let allocated = 0;
  let collectAgainMs = 0;

  const end = (limit: MemoryLimit, usedBytes: number): void => {
    post({ type: 'over-memory', limit, usedBytes });
    // Not an exception, because a tool could catch that. In a worker this ends only the thread.
    process.exit(1);
  };

  const look = (): MemoryUse => {
    const use = memoryUse();
    const usedBytes = use.heapBytes + use.externalBytes;
    const limit = passedLimit(use, limits);
    if (limit !== undefined) end(limit, usedBytes);
    if (Math.abs(usedBytes - reported) >= REPORT_STEP_BYTES) {
      reported = usedBytes;
      post({ type: 'memory', usedBytes, heapBytes: use.heapBytes });
    }
    return use;
  };

  setInterval(() => {
    const { heapBytes } = look();
    if (heapBytes <= limits.heapBytes || clockMs() < collectAgainMs) return;
    const startedMs = clockMs();
    collectAgainMs = Number.POSITIVE_INFINITY;
    collectGarbage(() => {
      collectAgainMs = clockMs() + (clockMs() - startedMs) * REST_FACTOR;
      const { heapBytes: liveBytes, externalBytes } = memoryUse();
      if (liveBytes > limits.heapBytes) end('thread-heap-mb', liveBytes + externalBytes);
    });
  }, LOOK_INTERVAL_MS).unref();

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

function memoryUse(): MemoryUse {
  const { used_heap_size: heapBytes, external_memory: externalBytes } = getHeapStatistics() as ReturnType<
    typeof getHeapStatistics
  > & { external_memory: number };
  return { heapBytes, externalBytes };
}

/** A full garbage collection without `--expose-gc`, which would apply to the whole process. */
function collectGarbage(collected: () => void): void {
  // Node can be built without the inspector; then only the higher limit applies.
  if (!process.features.inspector) return;
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.collectGarbage', () => {
    // V8 still holds a lock here that `disconnect` needs.
    setImmediate(() => {
      session.disconnect();
      collected();
    });
  });
}
