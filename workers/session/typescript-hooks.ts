/**
 * Hooks of Node's loader for a module with TypeScript files that is not bundled. The main thread has transpiled the files
 * that it found; what is imported by a computed name is transpiled here. Loaded only by such a module: it is a file of
 * its own beside the session worker.
 */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModuleKinds } from '../../src/shared/module-kind.js';
import { typeScriptImport } from '../../src/shared/typescript/resolve.js';
import {
  isTypeScript,
  type TranspiledFile,
  type TranspiledFiles,
  transpileError,
  transpileOptions,
} from '../../src/shared/typescript/transpile.js';

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

interface Loaded {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}

/** `module.registerHooks` (Node 22.15 and later), which the types of Node 20 do not have. */
interface SynchronousHooks {
  registerHooks?(hooks: { resolve: typeof resolve; load: typeof load }): unknown;
}

let transpiled: TranspiledFiles = {};
const kinds = new ModuleKinds();

/** Makes this thread, or this process, load TypeScript. */
export function loadTypeScript(files: TranspiledFiles): void {
  // Positions in stacks are those of the source files.
  process.setSourceMapsEnabled(true);
  const { registerHooks } = nodeModule as SynchronousHooks;
  if (registerHooks !== undefined) {
    initialize(files);
    registerHooks({ resolve, load });
  } else {
    // Runs this file in a thread of the loader.
    nodeModule.register(pathToFileURL(__filename), { data: files });
  }
}

export function initialize(files: TranspiledFiles): void {
  transpiled = files;
}

export function resolve<Resolved>(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context?: ResolveContext) => Resolved,
): Resolved {
  const importer = filePath(context.parentURL);
  const meant =
    importer !== undefined && isTypeScript(importer) ? typeScriptImport(specifier, importer) : undefined;
  return next(meant === undefined ? specifier : pathToFileURL(meant).href, context);
}

export function load<Result>(
  url: string,
  context: object,
  next: (url: string, context?: object) => Result,
): Result | Loaded {
  const path = filePath(url);
  if (path === undefined || !isTypeScript(path)) return next(url, context);
  return { ...(transpiled[path] ?? transpileHere(path)), shortCircuit: true };
}

/** Takes some 20 ms, because esbuild runs as a process each time. */
function transpileHere(path: string): TranspiledFile {
  const { transformSync } = require('esbuild') as typeof import('esbuild');
  const text = readFileSync(path, 'utf8');
  const format = kinds.of(path) ?? 'module';
  try {
    return { format, source: transformSync(text, transpileOptions(path, text, format)).code };
  } catch (error) {
    throw transpileError(path, error);
  }
}

function filePath(url: string | undefined): string | undefined {
  return url?.startsWith('file:') ? fileURLToPath(url) : undefined;
}
