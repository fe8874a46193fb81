/**
 * Frames that a module can make its thread post from synchronous code, without an end, and that no credit holds back. Both sides
 * count them: the thread waits while the main thread is too far behind.
 */
import type { CloseStreamFrame, FromWorkerFrame, HeldFrame, StateFrame } from './from-worker.js';

export type UnpacedFrame = StateFrame | HeldFrame | CloseStreamFrame;

export function isUnpaced(frame: FromWorkerFrame): frame is UnpacedFrame {
  return frame.type === 'state' || frame.type === 'held' || frame.type === 'close-stream';
}

/** What it counts for while the main thread has not handled it; small ones cost more than their bytes. */
export function backlogBytes(frame: UnpacedFrame): number {
  const bytes = frame.type === 'state' ? frame.key.length + (frame.value?.byteLength ?? 0) : 0;
  return SMALL_FRAME_BYTES + bytes;
}

const SMALL_FRAME_BYTES = 256;
