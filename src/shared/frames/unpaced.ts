/**
 * Frames that a module or a program can make its worker post without an end, and of which there may be more than the main thread
 * can handle: it would have time for no other session. Both sides count them: the worker waits while the main thread is too far
 * behind.
 */
import type { CloseStreamFrame, FromWorkerFrame, HeldFrame, SendFrame, StateFrame } from './from-worker.js';

/** Frames that no credit holds back, and messages that nobody has asked for: their credit counts characters, and a small one has few. */
export type UnpacedFrame = StateFrame | HeldFrame | CloseStreamFrame | SendFrame;

export function isUnpaced(frame: FromWorkerFrame): frame is UnpacedFrame {
  switch (frame.type) {
    case 'state':
    case 'held':
    case 'close-stream':
      return true;
    case 'send':
      return frame.kind !== 'response';
    default:
      return false;
  }
}

/** What it counts for while the main thread has not handled it; small ones cost more than their bytes. */
export function backlogBytes(frame: UnpacedFrame): number {
  // Its characters cost credit.
  if (frame.type === 'send') return MESSAGE_BYTES;
  const bytes = frame.type === 'state' ? frame.key.length + (frame.value?.byteLength ?? 0) : 0;
  return SMALL_FRAME_BYTES + bytes;
}

const SMALL_FRAME_BYTES = 256;
/** The main thread passes it on to a client. */
const MESSAGE_BYTES = 1024;
