/** What piscina loads in a session thread that runs a Node program which speaks stdio. */
import { isMainThread, workerData } from 'node:worker_threads';
import type { ProgramThreadData, SessionThreadTask } from '../../src/shared/thread-start.js';
import { taken } from '../taken-data.js';
import { ProgramThread } from './program-thread.js';

if (isMainThread)
  throw new Error('program-entry is the entry of a session thread; it has no use on the main thread');

let data: ProgramThreadData | undefined = taken(workerData as ProgramThreadData);

/** It never returns: a thread that returned would go back to the pool, and no thread serves a second session. */
export default function serve(task: SessionThreadTask): Promise<never> {
  if (data === undefined) throw new Error('a session thread has one task');
  new ProgramThread(task, data).start();
  data = undefined;
  return new Promise(() => {});
}
