/** What is counted over the streams of all sessions while it changes. */
import type { StreamKind } from '../telemetry/events.js';

export class StreamTotals {
  /** Characters that slow readers have not taken. */
  bufferedChars = 0;
  /** SSE streams that are open. */
  readonly streams: Record<StreamKind, number> = { post: 0, get: 0, legacy: 0 };
}
