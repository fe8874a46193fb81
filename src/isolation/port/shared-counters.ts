/** Memory that the main thread shares with session threads. */
import type { SharedCounters } from '../../shared/thread-start.js';

/** All threads read this one copy. */
export function sharedCopy(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

const KIBIBYTE = 1024;

/**
 * Size of all `session.state`. Threads read it before they store more. They can also write to this memory, so the main
 * thread never reads it.
 */
export class SharedStateUse {
  /** One number, in KiB. */
  readonly usedKib = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  tell(usedBytes: number): void {
    Atomics.store(this.usedKib, 0, Math.ceil(usedBytes / KIBIBYTE));
  }
}

/** What one thread starts with; of a process, the keeper's thread has it. */
export function sharedCounters({ usedKib: stateUsedKib }: SharedStateUse): SharedCounters {
  const own = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return { handledBytes: own.subarray(0, 1), takenMessages: own.subarray(1, 2), stateUsedKib };
}
