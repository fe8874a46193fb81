import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;

export interface EventLoopDelay {
  readonly p50Seconds: number;
  readonly p99Seconds: number;
  readonly maxSeconds: number;
}

/** Measures how late the main thread's event loop runs. Keeps a timer until it is closed. */
export class EventLoopDelayMonitor {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** The delays since the last call. */
  read(): EventLoopDelay {
    const histogram = this.#histogram;
    const delay = {
      p50Seconds: toDelaySeconds(histogram.percentile(50)),
      p99Seconds: toDelaySeconds(histogram.percentile(99)),
      maxSeconds: toDelaySeconds(histogram.max),
    };
    histogram.reset();
    return delay;
  }

  close(): void {
    this.#histogram.disable();
  }
}

/** Node measures from one tick of its timer to the next, so an idle loop shows the timer's own interval. */
function toDelaySeconds(intervalNanoseconds: number): number {
  return Math.max(0, intervalNanoseconds / 1e9 - RESOLUTION_MS / 1e3);
}
