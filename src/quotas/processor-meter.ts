/**
 * Charges consumers for the processor time of the workers that they hold. It is read from outside, once a second, and once
 * more when a worker is gone: what a thread says of itself could be made up by the code that runs in it.
 */
import type { SessionWorker } from '../isolation/worker.js';

const INTERVAL_MS = 1_000;
/** A reading takes some ten microseconds. Those that are left out come next time, and nothing of them is lost. */
const MAX_READINGS = 256;

interface Metered {
  readonly worker: SessionWorker;
  readonly charge: (ms: number) => void;
  readMs: number;
  /** Whether it had nothing to do when it was read last. */
  idle: boolean;
}

export class ProcessorMeter {
  /** The one that was read longest ago is the first. */
  readonly #workers = new Set<Metered>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * From now on, what it uses is charged. What it has used before was for nobody, such as its start.
   * @param charge called with milliseconds
   */
  add(worker: SessionWorker, charge: (ms: number) => void): void {
    const metered = { worker, charge, readMs: worker.readProcessorMs(), idle: false };
    this.#workers.add(metered);
    void worker.gone.then(() => {
      this.#workers.delete(metered);
      this.#read(metered);
      if (this.#workers.size === 0) this.close();
    });
    this.#timer ??= setInterval(() => this.#look(), INTERVAL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    let left = Math.min(this.#workers.size, MAX_READINGS);
    for (const metered of this.#workers) {
      if (left === 0) break;
      left -= 1;
      const { idle } = metered.worker;
      // What it does meanwhile by itself is charged when it has something to do again.
      if (!idle || !metered.idle) this.#read(metered);
      metered.idle = idle;
      this.#workers.delete(metered);
      this.#workers.add(metered);
    }
  }

  #read(metered: Metered): void {
    const nowMs = metered.worker.readProcessorMs();
    if (nowMs > metered.readMs) metered.charge(nowMs - metered.readMs);
    metered.readMs = Math.max(metered.readMs, nowMs);
  }
}
