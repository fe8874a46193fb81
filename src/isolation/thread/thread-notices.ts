/** Log messages about session threads: each kind of problem is reported once, because all threads have it. */
import type { GatewayEmitter } from '../../telemetry/events.js';
import { CodeCacheNotices } from '../port/code-cache-notices.js';
import type { PortWorker } from '../port/port-worker.js';
import type { WorkerFacts } from '../port/worker-host.js';

/** How many threads the log names that are still there after a stop. */
const MAX_HELD_NAMED = 20;

export class ThreadNotices {
  readonly #expectedNiceness: number;
  readonly #events: GatewayEmitter;
  #niceRefusalTold = false;
  readonly #codeCaches: CodeCacheNotices;

  /** @param bundled what the threads run */
  constructor(
    bundled: 'the server module' | 'the program',
    expectedNiceness: number,
    events: GatewayEmitter,
  ) {
    this.#expectedNiceness = expectedNiceness;
    this.#events = events;
    this.#codeCaches = new CodeCacheNotices(bundled, 'thread', events);
  }

  ready(facts: WorkerFacts | undefined): void {
    if (facts === undefined) return;
    this.#checkNiceness(facts.niceness);
    this.#codeCaches.refused(facts.rejectedCaches);
  }

  /** The gateway stops, and these threads cannot be ended. */
  held(threads: readonly PortWorker[]): void {
    this.#events.emit('notice', {
      level: 'error',
      message: `${threads.length} session threads did not end in time (a native call or a job of libuv's pool blocks them, or the machine is too busy); they end with the process`,
      fields: {
        threads: threads.slice(0, MAX_HELD_NAMED).map(({ id, sessionId }) => ({ thread: id, sessionId })),
      },
    });
  }

  /** The gateway stops, and the thread that ends child processes has not. */
  keeperHeld(): void {
    this.#events.emit('notice', {
      level: 'error',
      message: 'the thread of child processes did not end in time; it ends with the process',
    });
  }

  /** Reports if the system does not let session threads lower their priority. */
  #checkNiceness(niceness: number | undefined): void {
    if (this.#niceRefusalTold || niceness === undefined || niceness >= this.#expectedNiceness) return;
    this.#niceRefusalTold = true;
    this.#events.emit('notice', {
      level: 'warn',
      message:
        `thread-nice: the system did not lower the priority of session threads (it is ${niceness}, ` +
        `not ${this.#expectedNiceness}); a busy tool can slow the main thread down`,
    });
  }
}
