/**
 * Bundles a Node program and everything that it imports, as `module-bundle.ts` does with a server module. A program is
 * run for what it does, so its bundle is a function that runs it; with `await` at the top level, it returns a promise.
 */
import { realpath } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';
import {
  asFiles,
  type BundledModule,
  builtPart,
  bundled,
  inOneText,
  loadersOf,
  NotBundled,
  type Part,
  withoutCommonJs,
  withoutModules,
} from './bundle-parts.js';
import { ModuleKinds } from './module-kind.js';

/** Node shows the line of an error that ends a process. */
const SHORT_LINES = { lineLimit: 120 };

/** What the strict part takes from outside: modules of Node, and the CommonJS part. */
const OUTSIDE = 'outside';

/**
 * ES modules with `await` at the top level can only be bundled as one ES module. Its imports would be statements, which
 * a function cannot have.
 */
const throughRequire: Plugin = {
  name: 'through-require',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: OUTSIDE } : undefined,
    );
    build.onLoad({ filter: /./, namespace: OUTSIDE }, ({ path }) => ({
      contents: `module.exports = $require(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/**
 * @param script absolute path of its file
 * @throws {NotBundled} if it cannot be bundled, or not without a difference
 */
export function bundleProgram(script: string): Promise<BundledModule> {
  return bundled(script, async (esbuild) => {
    const kinds = new ModuleKinds();
    // As Node does: a program's own address has no links in it.
    const path = await realpath(script);
    const commonJsPart = (contents: string): Promise<Part> =>
      builtPart(esbuild, path, {
        sourcefile: 'commonjs.cjs',
        contents,
        plugins: [asFiles, withoutModules(kinds)],
        options: SHORT_LINES,
      });
    const kind = await kinds.of(path);
    if (kind === undefined) throw new NotBundled('it is no JavaScript file');
    if (kind === 'commonjs') {
      const program = await commonJsPart(`exports.main = () => require(${JSON.stringify(path)});`);
      // An ES module has none.
      if (/\bmainModule\b/.test(program.text)) throw new NotBundled('it uses process.mainModule');
      return inOneText([`${COMMONJS_BEGINS}`, program, `${COMMONJS_ENDS} $commonjs.main();`]);
    }
    const required: string[] = [];
    const modules = await builtPart(esbuild, path, {
      sourcefile: 'entry.mjs',
      contents: `import ${JSON.stringify(path)};`,
      plugins: [withoutCommonJs(kinds, required, { namespace: OUTSIDE }), throughRequire, asFiles],
      options: { ...SHORT_LINES, format: 'esm' },
    });
    const commonJs = required.length === 0 ? '' : await commonJsPart(loadersOf(required));
    return inOneText([
      COMMONJS_BEGINS,
      commonJs,
      `${COMMONJS_ENDS} return (async function ($require) { "use strict";`,
      modules,
      '})((id) => Object.hasOwn($commonjs, id) ? $commonjs[id]() : require(id));',
    ]);
  });
}

const COMMONJS_BEGINS = 'const $commonjs = {}; (function (exports, module) {';
const COMMONJS_ENDS = '})($commonjs, {});';
