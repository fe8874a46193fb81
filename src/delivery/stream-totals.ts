/** Totals over the streams of all sessions, updated with each change. */
import type { StreamKind } from '../telemetry/events.js';

export class StreamTotals {
  /** Characters that slow readers have not received. */
  bufferedChars = 0;
  /** SSE streams that are open. */
  readonly streams: Record<StreamKind, number> = { post: 0, get: 0, legacy: 0, listen: 0 };
}
