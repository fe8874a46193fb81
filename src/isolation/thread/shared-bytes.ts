/** Memory that the main thread shares with session threads. */
import type { SharedCounters } from '../../shared/thread-start.js';

/** All threads read the one copy. */
export function sharedCopy(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

const KIBIBYTE = 1024;

/**
 * What all sessions' `session.state` hold together. Threads read it before they store more. They can write to that memory, so
 * it is written here and never read.
 */
export class SharedStateUse {
  /** One number, in KiB. */
  readonly usedKib = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  tell(usedBytes: number): void {
    Atomics.store(this.usedKib, 0, Math.ceil(usedBytes / KIBIBYTE));
  }
}

/** What one thread is started with. */
export function sharedCounters({ usedKib: stateUsedKib }: SharedStateUse): SharedCounters {
  const own = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return { handledBytes: own.subarray(0, 1), takenMessages: own.subarray(1, 2), stateUsedKib };
}
