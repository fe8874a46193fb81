/**
 * Entry of the heap reader, for versions of Node without `worker.getHeapStatistics()`. It asks session threads with the
 * inspector how large their heaps are. It attaches to all workers and detaches at once. Measured on Node 20: 0.3 ms for
 * one worker, 4 ms for 40.
 *
 * It is a thread of its own because Node 20 crashes if the main thread asks. `NodeWorker.enable` walks Node's list of
 * workers and calls JavaScript for each. V8 serves interrupts during these calls, and the interrupt that reports the
 * end of a worker removes it from the list that is being walked (SIGSEGV in
 * `node::inspector::WorkerManager::SetAutoAttach`). If another thread asks, the main thread walks the list without
 * running any JavaScript.
 */
import { Session } from 'node:inspector';
import { isMainThread, type MessagePort, parentPort } from 'node:worker_threads';
import type { HeapAnswerFrame, HeapQuestionFrame } from '../../src/shared/heap-reader-frames.js';

/** Longer than a thread waits for a processor on a busy machine. */
const ANSWER_DEADLINE_MS = 250;

if (isMainThread || parentPort === null)
  throw new Error('The heap reader has to be started as a worker thread.');
const main: MessagePort = parentPort;

function tell(frame: HeapAnswerFrame): void {
  main.postMessage(frame);
}

main.on('message', ({ threadIds }: HeapQuestionFrame) => {
  const session = new Session();
  const asked = new Set(threadIds);
  let attached = false;
  /** By the name that the inspector gives to the connection to the worker. */
  const waiting = new Map<string, number>();
  const done = () => {
    clearTimeout(deadline);
    session.removeAllListeners();
    // This also detaches from the workers.
    session.disconnect();
    tell({ type: 'done' });
  };
  const deadline = setTimeout(done, ANSWER_DEADLINE_MS);
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    const threadId = threadIdOf(workerInfo.title);
    if (!asked.has(threadId)) return;
    waiting.set(sessionId, threadId);
    const message = JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const threadId = waiting.get(params.sessionId);
    waiting.delete(params.sessionId);
    const { result } = JSON.parse(params.message) as { result?: { usedSize: number } };
    if (threadId !== undefined && result !== undefined) {
      tell({ type: 'heap', threadId, heapBytes: result.usedSize });
    }
    if (attached && waiting.size === 0) done();
  });
  session.connectToMainThread();
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, () => {
    // The answer comes after all living workers have been attached to; the others have ended.
    attached = true;
    if (waiting.size === 0) done();
  });
});

/** Node calls a worker `[worker <threadId>] <name>`. The ids in the protocol are different ones. */
function threadIdOf(title: string): number {
  return Number(/^\[worker (\d+)\]/.exec(title)?.[1]);
}
