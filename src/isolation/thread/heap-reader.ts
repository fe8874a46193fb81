/**
 * Asks session threads how much memory they hold. V8 answers in both ways by an interrupt, so a thread answers even
 * while it spins. During a long native call it answers only afterwards.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import type { HeapAnswerFrame, HeapQuestionFrame } from '../../shared/heap-reader-frames.js';
import type { MemoryUse } from '../../shared/memory-limits.js';

const ENTRY = new URL('../../../workers/heap-reader.cjs', import.meta.url);

type Tell = (worker: Worker, use: MemoryUse) => void;

export interface HeapReader {
  /** How long to wait after a check until the next one, unless there is a special reason. */
  readonly restMs: number;
  /** Whether it can be asked now. */
  readonly ready: boolean;
  /** Reports what each worker answers. A worker that ends meanwhile never answers. */
  ask(workers: readonly Worker[], tell: Tell): Promise<void>;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

interface HeapStatistics {
  readonly used_heap_size: number;
  readonly external_memory?: number;
}

/** From Node 24.0 and 22.16 on. */
type AskableWorker = Worker & { getHeapStatistics(): Promise<HeapStatistics> };

export function createHeapReader(worker: Worker): HeapReader | undefined {
  if ('getHeapStatistics' in worker) return new StatisticsReader();
  return process.features.inspector ? new InspectorReader() : undefined;
}

class StatisticsReader implements HeapReader {
  readonly restMs = 250;
  readonly ready = true;
  readonly #asked = new WeakSet<Worker>();

  async ask(workers: readonly Worker[], tell: Tell): Promise<void> {
    await Promise.all(workers.map((worker) => this.#askOne(worker as AskableWorker, tell)));
  }

  async close(): Promise<void> {}

  async #askOne(worker: AskableWorker, tell: Tell): Promise<void> {
    if (this.#asked.has(worker)) return;
    this.#asked.add(worker);
    try {
      const statistics = await worker.getHeapStatistics();
      tell(worker, {
        heapBytes: statistics.used_heap_size,
        externalBytes: statistics.external_memory ?? 0,
      });
    } catch {
      // The thread ended while it was asked; the `close` event of its port follows.
    } finally {
      this.#asked.delete(worker);
    }
  }
}

/**
 * If memory has not grown, it is hardly ever asked, because a thread runs slower for a while after the inspector was
 * attached to it. Asking once a second cost a tenth of the calls a second.
 */
const REST_MS = 60_000;
/** After a failure. The most likely one is that no thread could be started. */
const RETRY_MS = 1_000;

/**
 * For older versions of Node: a thread that asks with the inspector, started when it is needed. V8 does not report
 * memory outside of the heap here.
 */
export class InspectorReader implements HeapReader {
  readonly restMs = REST_MS;
  #worker: Worker | undefined;
  #asking = false;
  #retryAtMs = 0;
  #closed = false;

  get ready(): boolean {
    return !this.#asking && !this.#closed && performance.now() >= this.#retryAtMs;
  }

  async ask(workers: readonly Worker[], tell: Tell): Promise<void> {
    this.#asking = true;
    try {
      await this.#answers(workers, tell);
    } catch (error) {
      this.#retryAtMs = performance.now() + RETRY_MS;
      throw error;
    } finally {
      this.#asking = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /** Resolves when all have answered or the reader's deadline has passed; rejects if the reader fails. */
  #answers(workers: readonly Worker[], tell: Tell): Promise<void> {
    const byThreadId = new Map(workers.map((worker) => [worker.threadId, worker]));
    const reader = this.#started();
    return new Promise((resolve, reject) => {
      const onMessage = (frame: HeapAnswerFrame) => {
        if (frame.type === 'done') return settle(resolve);
        const worker = byThreadId.get(frame.threadId);
        if (worker !== undefined) tell(worker, { heapBytes: frame.heapBytes, externalBytes: 0 });
      };
      const onEnd = (cause: unknown) => {
        if (this.#closed) return settle(resolve);
        settle(() => reject(cause instanceof Error ? cause : new Error('the heap reader ended')));
      };
      const settle = (outcome: () => void) => {
        reader.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
        outcome();
      };
      reader.on('message', onMessage).on('error', onEnd).on('exit', onEnd);
      reader.postMessage({ threadIds: [...byThreadId.keys()] } satisfies HeapQuestionFrame);
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(ENTRY, { name: 'heap-reader' });
    worker.unref();
    // A caller that waits receives the error too. There may be none when it occurs.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}
