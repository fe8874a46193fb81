/** What piscina loads in each session thread. */
import { isMainThread, workerData } from 'node:worker_threads';
import type { ModuleThreadData, SessionThreadTask } from '../../src/shared/thread-start.js';
import { taken } from '../taken-data.js';
import { loadSessionWorker } from './load-session-worker.js';
import { threadLink } from './session-link.js';

if (isMainThread)
  throw new Error('session-entry is the entry of a session thread; it has no use on the main thread');

let data: ModuleThreadData | undefined = taken(workerData as ModuleThreadData);
const worker = loadSessionWorker(data.codeCaches, require);

export default function serve(task: SessionThreadTask): Promise<never> {
  if (data === undefined) throw new Error('a session thread has one task');
  const given = data;
  data = undefined;
  return worker.serve(threadLink(task), given, worker.codeCache, (specifier) => import(specifier));
}
