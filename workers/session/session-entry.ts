/**
 * What piscina loads in each session thread. It compiles the bundled session worker with V8's code cache, which the
 * gateway's first thread made and all later ones share. Measured: it makes a thread's start a third shorter.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { workerData } from 'node:worker_threads';
import type { ModuleThreadData, SessionThreadTask } from '../../src/shared/thread-start.js';
import { taken } from '../taken-data.js';

type SessionWorker = typeof import('./session-worker.js');
type ModuleFunction = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: SessionWorker },
  filename: string,
  dirname: string,
) => void;

let data: ModuleThreadData | undefined = taken(workerData as ModuleThreadData);
const codeCaches = data.codeCaches?.worker;
// A function as CommonJS would make it, and not a module: otherwise each thread would keep the text twice.
const filename = join(__dirname, 'session-worker.cjs');
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  ...(codeCaches !== undefined && { cachedData: codeCaches }),
});
const module = { exports: {} as SessionWorker };
(script.runInThisContext() as ModuleFunction)(
  module.exports,
  // The worker is beside this file, so relative paths mean the same.
  require,
  module,
  filename,
  dirname(filename),
);

export default function serve(task: SessionThreadTask): Promise<never> {
  if (data === undefined) throw new Error('a session thread has one task');
  const given = data;
  data = undefined;
  return module.exports.default(
    task,
    given,
    { rejected: script.cachedDataRejected === true, create: () => script.createCachedData() },
    (specifier) => import(specifier),
  );
}
