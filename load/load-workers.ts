/** The load workers of one run, as its main thread sees them: they go through its phases together. */
import { Worker } from 'node:worker_threads';
import type { FromLoadWorker, LoadWorkerData, ToLoadWorker } from './load-frames.js';
import type { LoadPlan } from './load-plan.js';
import type { RecorderTotals, SecondTally } from './recorder.js';

type Held = Extract<FromLoadWorker, { type: 'held' }>;

const ENTRY = new URL('./load-worker.js', import.meta.url);

class LoadWorkerError extends Error {
  constructor(cause: unknown) {
    super(`a load worker failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'LoadWorkerError';
  }
}

export class LoadWorkers {
  readonly #workers: readonly Worker[];
  readonly #opened: Promise<number[]>;
  readonly #warmedUp: Promise<unknown>;
  readonly #held: Promise<Held[]>;
  readonly #left: Promise<RecorderTotals[]>;

  constructor(plan: LoadPlan, runId: string, version: string, onSecond: (tally: SecondTally) => void) {
    this.#workers = Array.from({ length: plan.workers }, (_, index) => {
      const workerData: LoadWorkerData = { plan, share: { index, of: plan.workers }, runId, version };
      return new Worker(ENTRY, { workerData });
    });
    const phases = this.#workers.map((worker) => follow(worker, onSecond));
    this.#opened = Promise.all(phases.map(({ opened }) => opened));
    this.#warmedUp = Promise.all(phases.map(({ warmedUp }) => warmedUp));
    this.#held = Promise.all(phases.map(({ held }) => held));
    this.#left = Promise.all(phases.map(({ left }) => left));
  }

  /** The end of the ramp. @returns open sessions. */
  async opened(): Promise<number> {
    const counts = await this.#opened;
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Makes the calls that are not counted. */
  async warmUp(): Promise<void> {
    this.#tell({ type: 'warm-up' });
    await this.#warmedUp;
  }

  /** Makes calls for the planned time. */
  async hold(): Promise<readonly Held[]> {
    this.#tell({ type: 'hold' });
    return this.#held;
  }

  /** Ends all sessions. */
  async leave(): Promise<readonly RecorderTotals[]> {
    this.#tell({ type: 'leave' });
    return this.#left;
  }

  /** Ends the current phase early; the next ones follow in turn, and are short. */
  stop(): void {
    this.#tell({ type: 'stop' });
  }

  /** Ends the threads, whatever they do. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #tell(frame: ToLoadWorker): void {
    for (const worker of this.#workers) worker.postMessage(frame);
  }
}

interface Phases {
  readonly opened: Promise<number>;
  readonly warmedUp: Promise<unknown>;
  readonly held: Promise<Held>;
  readonly left: Promise<RecorderTotals>;
}

/** Promises for its phases; those that are left reject if the worker fails. */
function follow(worker: Worker, onSecond: (tally: SecondTally) => void): Phases {
  const frames = new EventTarget();
  worker.on('message', (frame: FromLoadWorker) => {
    if (frame.type === 'second') onSecond(frame.tally);
    else frames.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  });
  const failed = new Promise<never>((_resolve, reject) => {
    worker.once('error', (error) => reject(new LoadWorkerError(error)));
    worker.once('exit', (code) => reject(new LoadWorkerError(`it ended with exit code ${code}`)));
  });
  const phase = async <Type extends FromLoadWorker['type']>(
    type: Type,
  ): Promise<Extract<FromLoadWorker, { type: Type }>> => {
    // A worker may end immediately after its last frame, and both arrive in one turn. If two promises then settle, that
    // of `once` from node:events would be later, because an async function needs further turns to pass on a promise.
    const told = new Promise<Event>((resolve) => {
      frames.addEventListener(type, resolve, { once: true });
    });
    const event = await Promise.race([told, failed]);
    return (event as CustomEvent<Extract<FromLoadWorker, { type: Type }>>).detail;
  };
  const phases = {
    opened: phase('opened').then(({ openSessions }) => openSessions),
    warmedUp: phase('warmed-up'),
    held: phase('held'),
    left: phase('left').then(({ totals }) => totals),
  };
  // Each is awaited in its turn; until then a failure has no other listener.
  for (const promise of [failed, ...Object.values(phases)]) promise.catch(() => undefined);
  return phases;
}
