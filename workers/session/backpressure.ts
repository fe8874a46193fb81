/**
 * Back pressure for frames that a module causes from synchronous code, which no credit limits. A loop that keeps
 * writing `session.state` would fill the main thread's memory and block all other sessions: with two small frames in
 * each iteration of such a loop, others waited for seconds and the gateway grew by a gigabyte.
 */
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { backlogBytes, isUnpaced } from '../../src/shared/frames/unpaced.js';
import { clockMs } from './clock.js';

/** How many bytes the main thread may be behind; one more frame is always allowed. */
export const MAX_BACKLOG_BYTES = 64 * 1024;
/** This also leaves the main thread time for others: at most this many bytes arrive in each wait. */
export const NAP_MS = 5;
/**
 * If the main thread has handled nothing for this long, something else blocks it, and one more frame makes no
 * difference.
 */
export const DEADLINE_MS = 10_000;

/**
 * Like `post`, but blocks the thread while the main thread is too far behind.
 * @param handledBytes one number in shared memory, to which the main thread adds the `backlogBytes` of what it has
 *   handled
 * @param onFirst called before the first wait
 */
export function withBackpressure(
  post: (frame: FromWorkerFrame) => void,
  handledBytes: Int32Array,
  onFirst: () => void,
): (frame: FromWorkerFrame) => void {
  let postedBytes = 0;
  let told = false;
  let nap: Int32Array | undefined;
  // Both numbers wrap around.
  const backlog = (): number => (postedBytes - Atomics.load(handledBytes, 0)) | 0;
  return (frame) => {
    if (isUnpaced(frame)) {
      if (backlog() > MAX_BACKLOG_BYTES) {
        if (!told && frame.type !== 'send') {
          told = true;
          onFirst();
        }
        nap ??= new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
        const deadlineMs = clockMs() + DEADLINE_MS;
        do Atomics.wait(nap, 0, 0, NAP_MS);
        while (backlog() > MAX_BACKLOG_BYTES && clockMs() < deadlineMs);
      }
      postedBytes = (postedBytes + backlogBytes(frame)) | 0;
    }
    post(frame);
  };
}
