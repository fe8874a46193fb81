/**
 * Joins the server modules of the tests with what they import, which spares each thread that loads one about a hundred files,
 * and half of its processor time. The gateway's own bundle, with V8's code cache, makes threads faster still, but
 * esbuild takes longer for it than the few threads of one test.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { TARGET } from './lazy-values.js';

/** What many modules import, in a file for all of them. */
const PACKAGES = {
  zod: `export * from 'zod';`,
  'prom-client': `export { Counter, Gauge, Histogram } from 'prom-client';`,
};

/**
 * Imports of packages. Importing the SDK has no side effects, although its package.json does not say so: only what is named is joined.
 * @param folder where the shared files are, as modules import them
 */
const packages = (folder: string): Plugin => ({
  name: 'packages',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(?:zod|zod\/v4|prom-client)$/ }, ({ path }) => ({
      path: `${folder}/${path.split('/')[0]}.mjs`,
      external: true,
    }));
    onResolve({ filter: /^@modelcontextprotocol\/sdk\/|^\./ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === RESOLVED) return undefined;
      const found = await resolve(path, { ...rest, pluginData: RESOLVED });
      return found.path.includes('/@modelcontextprotocol/') ? { ...found, sideEffects: false } : found;
    });
  },
});
const RESOLVED = {};

/** zod's messages in fifty languages are a third of its size. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup({ onResolve, onLoad }) {
    const namespace = 'no-locales';
    onResolve({ filter: /\/locales\/index\.js$/ }, () => ({ path: namespace, namespace }));
    onLoad({ filter: /./, namespace }, () => ({ contents: 'export {};' }));
  },
};

const joined = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: TARGET,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  // CommonJS packages need `require`, which an ES module does not have.
  banner: {
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
  outExtension: { '.js': '.mjs' },
} as const satisfies BuildOptions;

/**
 * @param from the folder of the modules
 * @param outdir for the joined ones, which have the same names
 */
export async function joinTestModules(from: string, outdir: string): Promise<void> {
  await joinFolder(from, outdir, './packages');
  await joinFolder(join(from, 'created'), join(outdir, 'created'), '../packages');
  for (const [name, contents] of Object.entries(PACKAGES)) {
    await build({
      ...joined,
      outfile: join(outdir, 'packages', `${name}.mjs`),
      stdin: { contents, resolveDir: from },
      plugins: [withoutLocales],
      minifyWhitespace: true,
    });
  }
}

async function joinFolder(from: string, outdir: string, packagesFolder: string): Promise<void> {
  const names = readdirSync(from).filter((name) => name.endsWith('.mjs'));
  await build({
    ...joined,
    outdir,
    entryPoints: names.map((name) => join(from, name)),
    // The last three are fastmcp's: it asks whether they are installed.
    external: ['mcp-bulkhead', 'effect', 'sury', '@valibot/to-json-schema'],
    plugins: [packages(packagesFolder)],
  });
}
