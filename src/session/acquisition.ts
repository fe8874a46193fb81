/** One request of a session for a worker: until the pool gives one, refuses, or nothing of the session needs it any more. */
import type { SessionWorker } from '../isolation/worker.js';
import { BulkheadError, messageOf } from '../shared/errors.js';

/** Told once at most, and not after `stop`. */
export interface AcquisitionOwner {
  onAcquired(worker: SessionWorker): void;
  onUnavailable(error: BulkheadError): void;
}

export class Acquisition {
  readonly #ask: (signal: AbortSignal) => Promise<SessionWorker>;
  readonly #owner: AcquisitionOwner;
  readonly #stopping = new AbortController();

  /** @param ask asks the pool for a spare; may be called again */
  constructor(ask: (signal: AbortSignal) => Promise<SessionWorker>, owner: AcquisitionOwner) {
    this.#ask = ask;
    this.#owner = owner;
  }

  start(): void {
    void this.#run();
  }

  /** Forgets it at once, before the pool has answered, so that the next message can ask again. */
  stop(reason: string): void {
    this.#stopping.abort(new BulkheadError('ERR_BULKHEAD_THREAD_WAIT', reason));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let worker: SessionWorker;
    try {
      // A worker that died, or became outdated, just after the pool gave it out serves nobody.
      do worker = await this.#ask(signal);
      while (!usable(worker) && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) this.#owner.onUnavailable(asBulkheadError(error));
      return;
    }
    // The worker was already on its way when the waiting stopped. Later messages have asked for another one.
    if (signal.aborted) worker.kill('ended', 'its session does not need it any more');
    else this.#owner.onAcquired(worker);
  }
}

function usable(worker: SessionWorker): boolean {
  if (worker.state !== 'spare') return false;
  if (worker.outdated) worker.kill('ended', 'another version of its server has taken its place');
  return !worker.outdated;
}

function asBulkheadError(error: unknown): BulkheadError {
  return error instanceof BulkheadError
    ? error
    : new BulkheadError('ERR_BULKHEAD_THREAD_START', messageOf(error));
}
