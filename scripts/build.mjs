// Compiles everything with tsc, then bundles each worker entry into one CommonJS file: a thread that loads
// one file starts almost as fast as an empty one, and `require` skips the asynchronous ES module loader.
// Usage: node scripts/build.mjs [out-dir]
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { classesOnUse, nodeModulesOnUse, packagesOnUse, partEntryPoints, parts } from './packages-on-use.mjs';
import { ownFilesStay, PISCINA_WORKER, piscinaOnUse } from './piscina-on-use.mjs';
import { schemasOnUse } from './schemas-on-use.mjs';
import { zodKindsOnUse } from './zod-kinds-on-use.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const out = join(root, process.argv[2] ?? 'dist');

rmSync(out, { recursive: true, force: true });

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), '--outDir', out], {
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const { configSchema } = await import(pathToFileURL(join(out, 'src/config/config-schema.js')).href);
writeFileSync(join(out, 'src/config.schema.json'), `${JSON.stringify(configSchema(), null, 2)}\n`);

const minified = { minifySyntax: true, minifyWhitespace: true };
const onePiece = { bundle: true, platform: 'node', target: 'node20.19', logLevel: 'warning' };
const bundled = {
  ...onePiece,
  ...minified,
  outdir: join(out, 'workers'),
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
};

await build({
  ...bundled,
  entryPoints: {
    'session-entry': join(root, 'workers/session/session-entry.ts'),
    'session-worker': join(root, 'workers/session/session-worker.ts'),
    'child-keeper': join(root, 'workers/child-keeper/entry.ts'),
    'heap-reader': join(root, 'workers/heap-reader/entry.ts'),
  },
  external: ['undici'],
  plugins: [
    schemasOnUse(join(root, 'node_modules/@modelcontextprotocol/sdk/dist/esm/types.js')),
    classesOnUse,
    packagesOnUse,
    nodeModulesOnUse,
  ],
});
// session-entry.ts compiles it as the function that CommonJS would make of it, with V8's code cache.
const worker = join(out, 'workers/session-worker.cjs');
const parameters = 'exports, require, module, __filename, __dirname';
const body = await zodKindsOnUse(readFileSync(worker, 'utf8'), minified);
writeFileSync(worker, `(function (${parameters}) {${body}\n})`);
await build({ ...bundled, entryPoints: partEntryPoints, plugins: [parts(root)] });
await build({
  ...bundled,
  entryPoints: { 'piscina-worker': PISCINA_WORKER },
  external: ['piscina'],
  plugins: [piscinaOnUse],
});
// piscina starts its worker from beside its own file. This one of ours takes piscina in, with the worker's other place.
const threads = join(out, 'src/isolation/thread/piscina-threads.js');
await build({
  ...onePiece,
  entryPoints: [threads],
  outfile: threads,
  allowOverwrite: true,
  format: 'esm',
  banner: {
    js: `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const __dirname = import.meta.dirname;`,
  },
  sourcemap: true,
  plugins: [ownFilesStay(threads), piscinaOnUse],
});
// See src/bin.ts for why the executable is CommonJS. What tsc made of it would be a second one.
for (const extension of ['js', 'js.map', 'd.ts']) rmSync(join(out, `src/bin.${extension}`));
const bin = join(out, 'src/bin.cjs');
await build({
  ...onePiece,
  entryPoints: [join(root, 'src/bin.ts')],
  outfile: bin,
  format: 'cjs',
  external: ['./cli/cli.js'],
});
chmodSync(bin, 0o755);
