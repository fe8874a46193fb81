/**
 * esbuild plugins that keep out of a session thread's start what most sessions never use. What is left out of the bundle
 * becomes a file of its own beside it, loaded by the first call that needs it.
 */
import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/** Files beside the bundle, by name: what each takes from which package. */
const PARTS: Readonly<Record<string, string>> = {
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
        const { AjvJsonSchemaValidator } = require('./lazy/ajv.cjs');
        this.validator ??= new AjvJsonSchemaValidator();
        return this.validator.getValidator(schema);
      }
    }`,
  },
  {
    filter: /^zod\/v3$/,
    contents: `export const object = (shape) => require('./lazy/zod-3.cjs').object(shape);`,
  },
  {
    filter: /^zod-to-json-schema$/,
    contents: `export const zodToJsonSchema = (...parameters) =>
      require('./lazy/zod-3.cjs').zodToJsonSchema(...parameters);`,
  },
  { filter: /^prom-client$/, contents: `module.exports = require('./lazy/prom-client.cjs');` },
];

/** For the bundle of a session thread. */
export const lazyPackages: Plugin = {
  name: 'lazy-packages',
  setup({ onResolve, onLoad, onEnd }) {
    const namespace = 'stand-in';
    const unused = new Set(STAND_INS);
    for (const [index, standIn] of STAND_INS.entries()) {
      onResolve({ filter: standIn.filter }, () => {
        unused.delete(standIn);
        return { path: String(index), namespace };
      });
    }
    // A package that nobody imports by this name any more may have got into the bundle by another one.
    onEnd(() => ({
      errors: [...unused].map(({ filter }) => ({
        text: `nothing imports ${filter} any more: see build/lazy-packages.ts`,
      })),
    }));
    onResolve({ filter: /^\.\/lazy\// }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: STAND_INS[Number(path)]?.contents ?? '',
    }));
  },
};

/** For the build of the files beside the bundle: its entry points, and where their texts come from. */
export const partEntryPoints = Object.fromEntries(
  Object.keys(PARTS).map((part) => [`lazy/${part}`, `part:${part}`]),
);

/** @param resolveDir where the packages are installed */
export function parts(resolveDir: string): Plugin {
  return {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^part:/ }, ({ path }) => ({
        path: path.slice('part:'.length),
        namespace: 'part',
      }));
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({
        contents: PARTS[path] ?? '',
        resolveDir,
      }));
    },
  };
}

/** Parts of Node that take up to a millisecond to load, and that handlers use, if any. */
export const lazyNodeModules: Plugin = {
  name: 'lazy-node-modules',
  setup({ onResolve, onLoad }) {
    const namespace = 'lazy-node-modules';
    onResolve(
      { filter: /^node:(?:dns|fs\/promises|inspector|module|net|timers\/promises|url|v8)$/ },
      ({ path, importer }) => (importer === path ? { path, external: true } : { path, namespace }),
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: standInFor(path) }));
  },
};

/** A function for each name, so that esbuild leaves out those that nobody imports. It refuses an import of anything else. */
export function standInFor(nodeModule: string): string {
  const exported: Readonly<Record<string, unknown>> = require(nodeModule);
  const stand = ([name, value]: [string, unknown]): string => {
    if (typeof value !== 'function' || name === 'default') return '';
    const isClass = /^class\b/.test(String(value));
    if (!isClass && /^[A-Z]/.test(name)) return '';
    return `export function ${name}(...parameters) { return ${isClass ? 'new ' : ''}(require('${nodeModule}').${name})(...parameters); }\n`;
  };
  return Object.entries(exported).map(stand).join('');
}
