/**
 * Bundles each worker entry, which tsc has compiled beside this file's folder already, into one CommonJS file: a thread
 * that loads one file starts almost as fast as an empty one, and `require` skips the asynchronous ES module loader.
 *
 * Usage: node <out-dir>/build/build.js [--unpatched]. Without patches the bundle of a session thread has the SDK and all other
 * packages as they are: slower to start, and the same otherwise.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { lazyNodeModules, lazyPackages, partEntryPoints, parts } from './lazy-packages.js';
import { lazySchemas } from './lazy-schemas.js';
import { TARGET } from './lazy-values.js';
import { joinTestModules } from './test-modules.js';

const patched = !process.argv.includes('--unpatched');
const out = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(out, '..');

const { configSchema } = await import(pathToFileURL(join(out, 'src/config/config-schema.js')).href);
writeFileSync(join(out, 'src/config.schema.json'), `${JSON.stringify(configSchema(), null, 2)}\n`);

const onePiece = {
  bundle: true,
  platform: 'node',
  target: TARGET,
  logLevel: 'warning',
  format: 'cjs',
} as const satisfies BuildOptions;
const bundled = {
  ...onePiece,
  minifySyntax: true,
  minifyWhitespace: true,
  outdir: join(out, 'workers'),
  outExtension: { '.js': '.cjs' },
} as const satisfies BuildOptions;
const sdkTypes = join(root, 'node_modules/@modelcontextprotocol/sdk/dist/esm/types.js');

await build({
  ...bundled,
  entryPoints: {
    'session-entry': join(root, 'workers/session/session-entry.ts'),
    'session-worker': join(root, 'workers/session/session-worker.ts'),
    'program-entry': join(root, 'workers/program/program-entry.ts'),
    'child-keeper': join(root, 'workers/child-keeper/entry.ts'),
    leftovers: join(root, 'workers/leftovers/entry.ts'),
    'heap-reader': join(root, 'workers/heap-reader/entry.ts'),
    'large-lines': join(root, 'workers/large-lines/entry.ts'),
  },
  external: ['undici', 'piscina', './typescript-hooks.cjs'],
  plugins: patched ? [lazySchemas(sdkTypes), lazyPackages, lazyNodeModules] : [],
});
// They load no part of Node that they do not use at once; esbuild runs only for TypeScript with computed imports.
await build({
  ...bundled,
  entryPoints: {
    'process-entry': join(root, 'workers/session/process-entry.ts'),
    'program-launcher': join(root, 'workers/program-process/launcher.ts'),
    'typescript-hooks': join(root, 'workers/session/typescript-hooks.ts'),
  },
  external: ['esbuild'],
});
// load-session-worker.ts compiles it as the function that CommonJS would make of it, with V8's code cache.
const worker = join(out, 'workers/session-worker.cjs');
const parameters = 'exports, require, module, __filename, __dirname';
writeFileSync(worker, `(function (${parameters}) {${readFileSync(worker, 'utf8')}\n})`);
if (patched) await build({ ...bundled, entryPoints: partEntryPoints, plugins: [parts(root)] });

// See src/bin.ts for why the executable is CommonJS. What tsc made of it would be a second one.
for (const extension of ['js', 'd.ts']) rmSync(join(out, `src/bin.${extension}`));
const bin = join(out, 'src/bin.cjs');
await build({
  ...onePiece,
  entryPoints: [join(root, 'src/bin.ts')],
  outfile: bin,
  external: ['./cli/cli.js'],
});
chmodSync(bin, 0o755);

await joinTestModules(join(root, 'test/fixtures/modules'), join(out, 'test/fixtures/modules'));
