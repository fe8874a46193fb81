/** Samples a process tree during a run, in bounded memory. */
import { messageOf } from '../../src/shared/errors.js';
import type { ProcessSample, ServerProcessReport } from '../load-report.js';
import type { TreeFigures } from './process-tree.js';

const INTERVAL_MS = 1_000;
/** Enough for more than an hour. */
const MAX_SAMPLES = 4_096;

export interface SamplerOptions {
  /** Milliseconds since the start of the run. */
  readonly now: () => number;
  /** @returns `undefined` if the process has ended */
  readonly sample: () => TreeFigures | undefined;
  readonly intervalMs?: number;
  readonly maxSamples?: number;
}

export class ProcessSampler {
  readonly #options: SamplerOptions;
  readonly #maxSamples: number;
  #intervalMs: number;
  #samples: ProcessSample[] = [];
  #stopped: ServerProcessReport['stopped'];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
    this.#maxSamples = options.maxSamples ?? MAX_SAMPLES;
  }

  /** Earliest first. */
  get samples(): readonly ProcessSample[] {
    return this.#samples;
  }

  /** Why there are no more samples, unless `stop()` was called. */
  get stopped(): ServerProcessReport['stopped'] {
    return this.#stopped;
  }

  /** Takes the first sample, and one each second from then on. */
  start(): void {
    this.take();
    if (this.#stopped === undefined) this.#schedule();
  }

  /**
   * Takes one at once; it never throws.
   * @returns `undefined` if the process has ended or could not be read
   */
  take(): ProcessSample | undefined {
    if (this.#stopped !== undefined) return undefined;
    const atMs = this.#options.now();
    try {
      const figures = this.#options.sample();
      if (figures !== undefined) return this.#keep({ atMs, ...figures });
      this.#end({ atMs, reason: 'The process has ended.' });
    } catch (error) {
      this.#end({ atMs, reason: messageOf(error) });
    }
    return undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #keep(sample: ProcessSample): ProcessSample {
    this.#samples.push(sample);
    if (this.#samples.length >= this.#maxSamples) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#intervalMs *= 2;
      if (this.#timer !== undefined) this.#schedule();
    }
    return sample;
  }

  #end(stopped: NonNullable<ServerProcessReport['stopped']>): void {
    this.#stopped = stopped;
    this.stop();
  }

  #schedule(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.take(), this.#intervalMs);
  }
}
