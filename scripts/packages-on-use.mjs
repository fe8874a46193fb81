// esbuild plugins that keep out of a session thread's start what most sessions never use. What is left out of the
// bundle becomes a file of its own beside it, loaded by the first call that needs it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { replaceEach } from './replace-each.mjs';

const require = createRequire(import.meta.url);

/** Files beside the bundle, by name: what each takes from which package. */
const PARTS = {
  // JSON Schema validation of what an elicitation answers.
  ajv: `export { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';`,
  // Schemas of modules that still use zod 3.
  'zod-3': `export { object } from 'zod/v3'; export { zodToJsonSchema } from 'zod-to-json-schema';`,
  // A module's own metrics.
  'prom-client': `export { Registry } from 'prom-client';`,
};

/** What the bundle's modules import, and what stands in for it until it is called. */
const STAND_INS = [
  {
    filter: /\/validation\/ajv-provider\.js$/,
    contents: `export class AjvJsonSchemaValidator {
      getValidator(schema) {
        const { AjvJsonSchemaValidator } = require('./on-use/ajv.cjs');
        this.validator ??= new AjvJsonSchemaValidator();
        return this.validator.getValidator(schema);
      }
    }`,
  },
  {
    filter: /^zod\/v3$/,
    contents: `export const object = (shape) => require('./on-use/zod-3.cjs').object(shape);`,
  },
  {
    filter: /^zod-to-json-schema$/,
    contents: `export const zodToJsonSchema = (...parameters) =>
      require('./on-use/zod-3.cjs').zodToJsonSchema(...parameters);`,
  },
  { filter: /^prom-client$/, contents: `module.exports = require('./on-use/prom-client.cjs');` },
];

/** For the bundle of a session thread. */
export const packagesOnUse = {
  name: 'packages-on-use',
  setup({ onResolve, onLoad }) {
    const namespace = 'stand-in';
    for (const [index, { filter }] of STAND_INS.entries()) {
      onResolve({ filter }, () => ({ path: String(index), namespace }));
    }
    onResolve({ filter: /^\.\/on-use\// }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: STAND_INS[Number(path)].contents }));
  },
};

/** For the build of the files beside the bundle: its entry points, and where their texts come from. */
export const partEntryPoints = Object.fromEntries(
  Object.keys(PARTS).map((part) => [`on-use/${part}`, `part:${part}`]),
);

/** @param resolveDir where the packages are installed */
export function parts(resolveDir) {
  return {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^part:/ }, ({ path }) => ({
        path: path.slice('part:'.length),
        namespace: 'part',
      }));
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({ contents: PARTS[path], resolveDir }));
    },
  };
}

/** Parts of Node that take up to a millisecond to load, and that handlers use, if any. */
export const nodeModulesOnUse = {
  name: 'node-modules-on-use',
  setup({ onResolve, onLoad }) {
    const namespace = 'node-modules-on-use';
    onResolve(
      { filter: /^node:(?:dns|fs\/promises|inspector|module|net|timers\/promises|url|v8)$/ },
      ({ path, importer }) => (importer === path ? { path, external: true } : { path, namespace }),
    );
    // A function for each name, so that esbuild leaves out those that nobody imports. It refuses an import of anything else.
    onLoad({ filter: /.*/, namespace }, ({ path }) => {
      const stand = ([name, value]) => {
        if (typeof value !== 'function' || name === 'default') return '';
        const isClass = /^class\b/.test(String(value));
        if (!isClass && /^[A-Z]/.test(name)) return '';
        return `export function ${name}(...parameters) { return ${isClass ? 'new ' : ''}(require('${path}').${name})(...parameters); }\n`;
      };
      return { contents: Object.entries(require(path)).map(stand).join('') };
    });
  },
};

/** What has to be found in zod's `$constructor`, and what takes its place. */
const CLASS = [
  ['class Definition extends Parent {', 'const Definition = params?.Parent && class extends Parent {'],
  [
    'Object.defineProperty(Definition, "name", { value: name });',
    'if (Definition) Object.defineProperty(Definition, "name", { value: name });',
  ],
];

/** zod makes a class for each of its 127 kinds of schema, and uses it for errors alone. */
export const classesOnUse = {
  name: 'classes-on-use',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]core[\\/]core\.js$/ }, async ({ path }) => {
      const names = { file: "zod's core.js", script: 'packages-on-use.mjs' };
      return { contents: replaceEach(await readFile(path, 'utf8'), CLASS, names) };
    });
  },
};
