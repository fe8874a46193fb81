/**
 * The files of a server: its main file and all that it imports from outside of `node_modules`, as far as that can be seen
 * without running it; and the `package.json` and `tsconfig.json` that say how they are read.
 */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { withEsbuild } from './esbuild.js';

const PACKAGES = `${sep}node_modules${sep}`;
const SETTINGS = ['package.json', 'tsconfig.json'];

/**
 * @param main absolute path of its main file
 * @returns absolute paths, without links, also of files that are wrong or were not found
 */
export async function sourceFiles(main: string): Promise<ReadonlySet<string>> {
  const entry = await realpath(main).catch(() => main);
  const files = new Set([entry]);
  await withEsbuild(async ({ build }) => {
    try {
      await build({
        entryPoints: [entry],
        bundle: true,
        write: false,
        platform: 'node',
        // The only one in which `await` at the top level may stand.
        format: 'esm',
        logLevel: 'silent',
        outdir: dirname(entry),
        plugins: [noting(files)],
      });
    } catch {
      // What is wrong with a file is reported when the server is started with it. The plugin has noted what was read.
    }
  });
  for (const file of [...files]) for (const settings of settingsOf(dirname(file))) files.add(settings);
  return files;
}

/** Notes each file that is read, and does not read packages. */
function noting(files: Set<string>): Plugin {
  return {
    name: 'noting',
    setup(build) {
      build.onLoad({ filter: /./, namespace: 'file' }, ({ path }) => {
        if (path.includes(PACKAGES)) return { contents: '', loader: 'js' };
        files.add(path);
        // Nothing that could be loaded, or an import that leads nowhere, may end the search.
        return /\.(?:[cm]?[jt]s|json)$/.test(path) ? undefined : { contents: '', loader: 'js' };
      });
      // A file that is not there yet may be what comes next.
      build.onResolve({ filter: /^\.{0,2}\// }, async ({ path, pluginData, ...rest }) => {
        if (pluginData === RESOLVED) return undefined;
        const { importer, namespace, resolveDir, kind } = rest;
        const options = { importer, namespace, resolveDir, kind, with: rest.with, pluginData: RESOLVED };
        const found = await build.resolve(path, options);
        if (found.errors.length === 0 || kind === 'entry-point') return undefined;
        files.add(join(resolveDir, path));
        return { path, external: true };
      });
      build.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...rest }) => {
        if (pluginData === RESOLVED) return undefined;
        const { importer, namespace, resolveDir, kind } = rest;
        const options = { importer, namespace, resolveDir, kind, with: rest.with, pluginData: RESOLVED };
        const found = await build.resolve(path, options);
        return found.errors.length === 0 ? undefined : { path, external: true };
      });
    },
  };
}

const RESOLVED = { resolved: true };

/** The nearest of each kind. */
function settingsOf(folder: string): string[] {
  return SETTINGS.flatMap((name) => {
    for (let at = folder; ; at = dirname(at)) {
      const path = join(at, name);
      if (existsSync(path)) return [path];
      if (dirname(at) === at) return [];
    }
  });
}
