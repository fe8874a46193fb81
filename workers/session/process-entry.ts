/**
 * What a process runs that serves one session of a module: the same session worker as in a thread, but on the main
 * thread, where native add-ons work that no other thread can load. The keeper is at the other end of its pipes.
 */
import { isMainThread } from 'node:worker_threads';
import { messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { stackOf } from './error-stack.js';
import { loadSessionWorker } from './load-session-worker.js';
import { ProcessLink } from './process-link.js';

if (!isMainThread) throw new Error('process-entry is the entry of a process; it has no use in a thread');

const link = new ProcessLink();

process.on('uncaughtExceptionMonitor', (thrown: unknown) => {
  // The module handles it itself.
  if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
  const message = messageOf(thrown);
  const stack = stackOf(thrown);
  const frame: FromWorkerFrame = {
    type: 'exited',
    cause: 'crash',
    message: `it crashed: ${message}`,
    ...(stack !== undefined && { stack }),
  };
  link.port.postMessage(frame);
  // Node would write the error to stderr first, which would be a dozen lines in the log.
  process.exit(1);
});

serve();

function serve(): void {
  const data = link.takeData();
  const { serve: run, codeCache } = loadSessionWorker(data.codeCaches, require);
  void run(link, data, codeCache, (specifier) => import(specifier));
}
