/**
 * Measures once a second how long a job waits in libuv's thread pool. All sessions share the pool, and what occupies it
 * cannot be found out: a thread does not name the jobs that it has submitted. So the wait is measured with a job of its
 * own.
 */
import { stat } from 'node:fs';
import type { GatewayEmitter } from '../telemetry/events.js';

/** If a job waits this long, the pool counts as blocked, */
const PROBE_INTERVAL_MS = 1_000;
/** until a job has waited no longer than this. */
const FREE_BELOW_MS = 100;

const HELD =
  "libuv's thread pool is blocked: files, name look-ups, compression and cryptography of all sessions wait. Tools block it, for " +
  'example with a FIFO that nobody writes to, a network file system or a name server that does not answer, or many key ' +
  'derivations; /sessions shows which calls have been running for long. A higher UV_THREADPOOL_SIZE in the ' +
  "gateway's environment gives it more threads";
const FREE = "libuv's thread pool is free again";

export class LibuvPoolProbe {
  readonly #events: GatewayEmitter;
  readonly #timer: NodeJS.Timeout;
  #askedMs: number | undefined;
  #heldSinceMs: number | undefined;
  #closed = false;

  constructor(events: GatewayEmitter) {
    this.#events = events;
    this.#timer = setInterval(() => this.#probe(), PROBE_INTERVAL_MS).unref();
  }

  /** Wait of the current job so far; 0 without one. */
  get waitAgeMs(): number {
    return this.#askedMs === undefined ? 0 : performance.now() - this.#askedMs;
  }

  /** Ends the measurements. The result of a current job is ignored. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #probe(): void {
    const askedMs = this.#askedMs;
    if (askedMs === undefined) return this.#ask();
    // If the main thread was blocked itself, this timer may run before finished jobs are reported.
    setImmediate(() => {
      if (this.#askedMs === askedMs) this.#held(askedMs);
    });
  }

  /** Submits a job that is so small that all its time is waiting. */
  #ask(): void {
    const askedMs = performance.now();
    this.#askedMs = askedMs;
    stat('/', () => {
      this.#askedMs = undefined;
      if (this.#closed) return;
      const waitMs = performance.now() - askedMs;
      this.#events.emit('libuv-pool-probed', { waitMs });
      if (waitMs < FREE_BELOW_MS) this.#freed();
    });
  }

  #held(askedMs: number): void {
    if (this.#closed || this.#heldSinceMs !== undefined) return;
    this.#heldSinceMs = askedMs;
    const waitedMs = Math.round(performance.now() - askedMs);
    this.#events.emit('notice', { level: 'warn', message: HELD, fields: { waitedMs } });
  }

  #freed(): void {
    if (this.#heldSinceMs === undefined) return;
    const heldMs = Math.round(performance.now() - this.#heldSinceMs);
    this.#heldSinceMs = undefined;
    this.#events.emit('notice', { level: 'info', message: FREE, fields: { heldMs } });
  }
}
