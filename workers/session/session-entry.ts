/**
 * What piscina loads in each session thread. It compiles the bundled session worker with V8's code cache, which the
 * gateway's first thread made and all later ones share. Measured: it makes a thread's start a third shorter.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { workerData } from 'node:worker_threads';
import type { SessionThreadData, SessionThreadTask } from '../../src/shared/thread-start.js';

type SessionWorker = typeof import('./session-worker.js');
type ModuleFunction = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: SessionWorker },
  filename: string,
  dirname: string,
) => void;

let data: SessionThreadData | undefined = taken(workerData as SessionThreadData);
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

/**
 * Removes the data from where other code of the thread could find it: from node:worker_threads, and from piscina, which
 * has the same object. The module's text and the code caches are in memory that all threads share, so a tool that wrote
 * to it would break every later session. The limits of the thread are in it as well.
 */
function taken(original: SessionThreadData): SessionThreadData {
  const copy = { ...original };
  for (const key of Object.keys(original)) Reflect.deleteProperty(original, key);
  return copy;
}
