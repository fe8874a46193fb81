/**
 * A process that starts and ends `Worker`s with nothing in them, as its parent asks over IPC: what a thread costs
 * before anything runs in it. CommonJS by `eval`, which is the cheapest worker that there is.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** `start`: how many workers, one after the other; `stop`: end all that run. Each is answered once. */
export type EmptyWorkersCommand =
  | { readonly type: 'start'; readonly count: number }
  | { readonly type: 'stop' };

/** Milliseconds from `new Worker` until its first message, for each that was started. */
export interface EmptyWorkersReply {
  readonly startsMs: readonly number[];
}

const EMPTY = `require('node:worker_threads').parentPort.on('message', () => {}).postMessage('ready')`;
const workers: Worker[] = [];

async function startOne(): Promise<number> {
  const startMs = performance.now();
  const worker = new Worker(EMPTY, { eval: true });
  workers.push(worker);
  await once(worker, 'message');
  return performance.now() - startMs;
}

async function obey(command: EmptyWorkersCommand): Promise<EmptyWorkersReply> {
  const startsMs: number[] = [];
  switch (command.type) {
    case 'start':
      while (startsMs.length < command.count) startsMs.push(await startOne());
      break;
    case 'stop':
      await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
      break;
    default:
      command satisfies never;
  }
  return { startsMs };
}

process.once('SIGTERM', () => process.exit(0));
process.on('message', (command: EmptyWorkersCommand) => {
  void obey(command).then((reply) => process.send?.(reply));
});
