// An esbuild plugin for piscina's worker, which each session thread starts with: in one file, and without the parts of Node that
// only other uses of piscina need. They were half of what it takes: node:perf_hooks alone is nine modules.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { replaceEach } from './replace-each.mjs';

const require = createRequire(import.meta.url);

export const PISCINA_WORKER = join(dirname(require.resolve('piscina')), 'worker.js');

/** What has to be found in each file, and what takes its place. */
const REPLACEMENTS = {
  'index.js': [["(__dirname, 'worker.js')", "(__dirname, '../../../workers/piscina-worker.cjs')"]],
  'worker.js': [
    onUse('node:url', ['pathToFileURL']),
    onUse('node:perf_hooks', ['performance']),
    // Installed where piscina is, which need not be where this project is.
    [
      "require('@napi-rs/nice')",
      "require('node:module').createRequire(require.resolve('piscina'))('@napi-rs/nice')",
    ],
  ],
  'common.js': [onUse('node:url', ['fileURLToPath', 'URL']), onUse('node:os', ['availableParallelism'])],
};

function onUse(name, members) {
  const getters = members.map((member) => `get ${member}() { return require("${name}").${member}; }`);
  return [`= require("${name}");`, `= { ${getters.join(', ')} };`];
}

export const piscinaOnUse = {
  name: 'piscina-on-use',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]piscina[\\/]dist[\\/](?:index|worker|common)\.js$/ }, async ({ path }) => {
      const file = basename(path);
      const names = { file: `piscina's ${file}`, script: 'piscina-on-use.mjs' };
      return { contents: replaceEach(await readFile(path, 'utf8'), REPLACEMENTS[file], names) };
    });
  },
};

/** Leaves a file's relative imports as they are. */
export function ownFilesStay(file) {
  return {
    name: 'own-files-stay',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, importer }) =>
        importer === file ? { path, external: true } : undefined,
      );
    },
  };
}
