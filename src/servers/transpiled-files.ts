/**
 * Transpiles the TypeScript files that a module imports, for a module that is not bundled. A thread then has them without
 * running esbuild. Files that are imported by a computed name are not among them: the thread transpiles those itself.
 */
import { readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildFailure, Plugin } from 'esbuild';
import { ModuleKinds } from '../shared/module-kind.js';
import { typeScriptImport } from '../shared/typescript/resolve.js';
import {
  isTypeScript,
  type TranspiledFile,
  type TranspiledFiles,
  transpileOptions,
} from '../shared/typescript/transpile.js';
import { withEsbuild } from './esbuild.js';

const RESOLVED = { resolved: true };

/** Without those that have an error: the thread that imports them reports it. */
export async function transpiledFiles(moduleUrl: string): Promise<TranspiledFiles> {
  const files: Record<string, TranspiledFile> = {};
  await withEsbuild(async ({ build }) => {
    try {
      await build({
        entryPoints: [fileURLToPath(moduleUrl)],
        bundle: true,
        write: false,
        platform: 'node',
        format: 'esm',
        logLevel: 'silent',
        tsconfigRaw: '{}',
        plugins: [collecting(files, new ModuleKinds())],
      });
    } catch (error) {
      // What esbuild cannot find or read is for Node to say, when it imports the files.
      if ((error as Partial<BuildFailure>).errors === undefined) throw error;
    }
  });
  return files;
}

/** Follows imports to all files but those of packages, which are JavaScript. */
function collecting(files: Record<string, TranspiledFile>, kinds: ModuleKinds): Plugin {
  return {
    name: 'collecting',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...args }) => {
        if (pluginData === RESOLVED || args.kind === 'entry-point') return undefined;
        const meant = isTypeScript(args.importer) ? typeScriptImport(path, args.importer) : undefined;
        const { importer, namespace, resolveDir, kind } = args;
        const options = { importer, namespace, resolveDir, kind, with: args.with, pluginData: RESOLVED };
        const found = await build.resolve(meant ?? path, options);
        const isOwn =
          found.errors.length === 0 &&
          found.namespace === 'file' &&
          /\.[cm]?[jt]s$/.test(found.path) &&
          !found.path.split(sep).includes('node_modules');
        return isOwn ? { path: found.path } : { path, external: true };
      });
      build.onLoad({ filter: /\.[cm]?ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const format = kinds.of(path) ?? 'module';
        const { code } = await build.esbuild.transform(text, transpileOptions(path, text, format));
        files[path] = { format, source: code };
        return { contents: code, loader: 'js' };
      });
    },
  };
}
