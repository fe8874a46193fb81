/**
 * The main module of a process that runs a program's bundle: `node launcher.cjs <folder> <script> …`. The program finds
 * the process as Node would have left it, had it been started with the script itself.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BUNDLE_FILE, CODE_CACHE_FILE } from '../../src/shared/program-files.js';
import { type CompiledText, compiledFunction } from '../module-text.js';
import { CodeCacheFile } from './code-cache-file.js';

/** Node's exit code for a program whose `await` at the top level never ends. */
const UNFINISHED = 13;

const [node = process.execPath, , folder = '', scriptName = '', ...args] = process.argv;
process.argv = [node, resolve(scriptName), ...args];
const file = realpathSync(scriptName);
// It would be this file.
Object.assign(process, { mainModule: undefined });
const running = compiled().run(file, { exports: {} });
if (running instanceof Promise) void finished(running);

/** Keeps neither the text nor the cache, which have a megabyte each. */
function compiled(): CompiledText {
  const codeCache = new CodeCacheFile(join(folder, CODE_CACHE_FILE));
  const cachedData = codeCache.read();
  const text = readFileSync(join(folder, BUNDLE_FILE), 'latin1');
  const result = compiledFunction(text, `${file} (bundled)`, cachedData);
  if (cachedData === undefined || result.script.cachedDataRejected === true)
    codeCache.writeLater(() => result.script.createCachedData());
  return result;
}

/** What Node does for an ES module: an `await` at the top level may keep it from being finished. */
async function finished(run: Promise<unknown>): Promise<void> {
  const unfinished = (): void => {
    process.exitCode ??= UNFINISHED;
  };
  process.on('exit', unfinished);
  try {
    await run;
  } finally {
    process.off('exit', unfinished);
  }
}
