/**
 * Asks session threads from the main thread how much memory they hold. V8 serves both ways by an interrupt, so
 * that a thread answers also while it spins; inside of one long native call it answers afterwards.
 */
import type { Session } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import type { MemoryUse } from '../../shared/memory-limits.js';

type Tell = (worker: Worker, use: MemoryUse) => void;

export interface HeapReader {
  /** How long after a look the next one may come that has no special reason. */
  readonly restMs: number;
  /** Whether it can be asked now. */
  readonly ready: boolean;
  /** Tells what each worker answers, when it does. A worker that ends meanwhile never answers. */
  ask(workers: readonly Worker[], tell: Tell): Promise<void>;
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
      // The thread ended while it was asked; the `close` event of its port tells the rest.
    } finally {
      this.#asked.delete(worker);
    }
  }
}

/** Longer than a thread waits for a processor on a busy machine. */
const ANSWER_DEADLINE_MS = 250;
/**
 * Without growth it is hardly ever asked: being attached to slows a thread down for a while. Measured with a look a
 * second: a tenth of the calls a second.
 */
const REST_MS = 60_000;

/**
 * For older versions. It attaches to all workers and detaches at once: measured on Node 20, 0.3 ms for one and
 * 4 ms for 40 workers. V8 does not tell here what is held outside of the heap.
 */
class InspectorReader implements HeapReader {
  readonly restMs = REST_MS;
  ready = true;

  async ask(workers: readonly Worker[], tell: Tell): Promise<void> {
    this.ready = false;
    const { Session } = await import('node:inspector');
    const session = new Session();
    try {
      session.connect();
      await answers(session, workers, tell);
    } finally {
      // It detaches from the workers as well.
      session.disconnect();
      this.ready = true;
    }
  }
}

/** Resolves when all have answered, or at the deadline. */
function answers(session: Session, workers: readonly Worker[], tell: Tell): Promise<void> {
  const byThreadId = new Map(workers.map((worker) => [worker.threadId, worker]));
  const waiting = new Map<string, Worker>();
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(resolve, ANSWER_DEADLINE_MS).unref();
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      const worker = byThreadId.get(threadIdOf(params.workerInfo.title));
      if (worker === undefined) return;
      waiting.set(params.sessionId, worker);
      const message = JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' });
      session.post('NodeWorker.sendMessageToWorker', { sessionId: params.sessionId, message });
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const worker = waiting.get(params.sessionId);
      waiting.delete(params.sessionId);
      const { result } = JSON.parse(params.message) as { result?: { usedSize: number } };
      if (worker !== undefined && result !== undefined) {
        tell(worker, { heapBytes: result.usedSize, externalBytes: 0 });
      }
      if (waiting.size > 0) return;
      clearTimeout(deadline);
      resolve();
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error !== null) reject(error);
    });
  });
}

/** Node calls a worker `[worker <threadId>] <name>`; the ids that the protocol has are of its own. */
function threadIdOf(title: string): number {
  return Number(/^\[worker (\d+)\]/.exec(title)?.[1]);
}
