/**
 * Looks once a second how long libuv's pool of threads lets a job wait. All sessions share it, and what holds it can't be
 * told: no thread names the jobs that it gave away. So the wait is measured where everybody's jobs wait.
 */
import { stat } from 'node:fs';
import type { GatewayEmitter } from '../telemetry/events.js';

/** A job that waits for as long as this means that the pool is held, */
const PROBE_INTERVAL_MS = 1_000;
/** until one has waited no longer than this. */
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

  /** Of the job that is out; 0 without one. */
  get waitAgeMs(): number {
    return this.#askedMs === undefined ? 0 : performance.now() - this.#askedMs;
  }

  /** The job that is out, if there is one, is not heard of any more. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #probe(): void {
    const askedMs = this.#askedMs;
    if (askedMs === undefined) return this.#ask();
    // After the main thread was held up itself, its timers run before it hears of the jobs that were done meanwhile.
    setImmediate(() => {
      if (this.#askedMs === askedMs) this.#held(askedMs);
    });
  }

  /** A job so small that all it takes is the wait. */
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
