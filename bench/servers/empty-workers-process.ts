import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { adopt, stopChild } from './child.js';
import type { EmptyWorkersCommand, EmptyWorkersReply } from './empty-workers.js';

export interface EmptyWorkersProcess {
  readonly pid: number;
  /** Starts so many empty workers, one after the other; milliseconds until each was ready. */
  start(count: number): Promise<readonly number[]>;
  /** Ends all workers. */
  stopWorkers(): Promise<void>;
}

/** Runs one measurement against a process of empty workers. */
export async function withEmptyWorkers<Result>(
  measure: (workers: EmptyWorkersProcess) => Promise<Result>,
): Promise<Result> {
  const child = adopt(fork(fileURLToPath(new URL('./empty-workers.js', import.meta.url))));
  const ask = async (command: EmptyWorkersCommand): Promise<readonly number[]> => {
    const replied = once(child, 'message');
    child.send(command);
    const [reply] = (await replied) as [EmptyWorkersReply];
    return reply.startsMs;
  };
  try {
    return await measure({
      pid: child.pid ?? 0,
      start: (count) => ask({ type: 'start', count }),
      stopWorkers: async () => {
        await ask({ type: 'stop' });
      },
    });
  } finally {
    await stopChild(child);
  }
}
