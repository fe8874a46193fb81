// Compiles everything with tsc, then bundles each worker entry into one CommonJS file: a thread that loads
// one file starts almost as fast as an empty one, and `require` skips the asynchronous ES module loader.
// Usage: node scripts/build.mjs [out-dir]
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const out = join(root, process.argv[2] ?? 'dist');

rmSync(out, { recursive: true, force: true });

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), '--outDir', out], {
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
chmodSync(join(out, 'src/cli.js'), 0o755);

/**
 * Makes two parts of the SDK load when they are first used, which in most sessions is never: JSON Schema validation
 * of what an elicitation answers, and conversion of zod 3 schemas. They would be a quarter of a thread's start.
 */
const loadedOnUse = {
  name: 'loaded-on-use',
  setup({ onResolve, onLoad }) {
    const namespace = 'loaded-on-use';
    const contents = {
      ajv: `export class AjvJsonSchemaValidator {
        getValidator(schema) {
          const { AjvJsonSchemaValidator } = require('@modelcontextprotocol/sdk/validation/ajv');
          this.validator ??= new AjvJsonSchemaValidator();
          return this.validator.getValidator(schema);
        }
      }`,
      'zod-to-json-schema': `export function zodToJsonSchema(...parameters) {
        return require('zod-to-json-schema').zodToJsonSchema(...parameters);
      }`,
    };
    onResolve({ filter: /\/validation\/ajv-provider\.js$/ }, ({ importer }) =>
      importer.endsWith('server/index.js') ? { path: 'ajv', namespace } : undefined,
    );
    onResolve({ filter: /^zod-to-json-schema$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'zod-to-json-schema', namespace } : undefined,
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: contents[path], resolveDir: root }));
  },
};

await build({
  entryPoints: {
    'session-entry': join(root, 'workers/session-entry.ts'),
    'session-worker': join(root, 'workers/session-worker.ts'),
    'child-keeper': join(root, 'workers/child-keeper.ts'),
  },
  outdir: join(out, 'workers'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['undici'],
  plugins: [loadedOnUse],
  logLevel: 'warning',
});
