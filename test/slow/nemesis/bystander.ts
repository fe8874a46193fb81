/** Starts the bystander's thread and receives its report. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { withDeadline } from '../../support/deadline.js';
import type { BystanderReport } from './bystander-thread.js';

/** Its last call may take as long as any call. */
const REPORT_DEADLINE_MS = 90_000;

export class Bystander {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves once it has its session. */
  static async start(url: URL): Promise<Bystander> {
    const worker = new Worker(new URL('./bystander-thread.js', import.meta.url), {
      workerData: { url: url.href },
    });
    await withDeadline(once(worker, 'message'), 'the bystander to be ready', REPORT_DEADLINE_MS);
    return new Bystander(worker);
  }

  async stop(): Promise<BystanderReport> {
    const told = once(this.#worker, 'message') as Promise<[BystanderReport]>;
    this.#worker.postMessage('stop');
    const [report] = await withDeadline(told, "the bystander's report", REPORT_DEADLINE_MS);
    return report;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
