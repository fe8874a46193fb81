/**
 * Bundles the server module and everything that it imports.
 *
 * Loading zod alone from `node_modules` takes longer than everything else in a thread's start. From a bundle with V8's
 * code cache it takes an eighth of that (ADR 9). If the bundle might behave differently from the files, there is none,
 * and threads import the files.
 */
import { realpath } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { ModuleKinds } from '../shared/module-kind.js';
import { asFiles, BundleFiles, loadersOf, withoutCommonJs, withoutModules } from './bundle-files.js';
import { type BundledModule, builtPart, bundled, joined, STRICT } from './bundle-parts.js';
import { assertOrder } from './evaluation-order.js';
import { NotBundled } from './not-bundled.js';

/** Around a module with `await` at the top level, or one that imports such a module. */
const AWAITING_MODULE = /__esm\(\{async/g;

/**
 * Bundles the server module.
 * @param moduleUrl a `file:` URL
 * @param files receives what was learned of them, even if there is no bundle
 * @throws {NotBundled} if it cannot be bundled, or not without a difference
 */
export function bundleServerModule(
  moduleUrl: string,
  files = new BundleFiles(new ModuleKinds()),
): Promise<BundledModule> {
  return bundled(fileURLToPath(moduleUrl), async (esbuild) => {
    // As Node does: a module's own address has no links in it.
    const path = await realpath(fileURLToPath(moduleUrl));
    const modules = await builtPart(esbuild, path, {
      sourcefile: 'entry.mjs',
      // With `import()`, each module is a function, and runs at its turn, as files do.
      contents: `$exports.default = (await import(${JSON.stringify(path)})).default;`,
      plugins: [asFiles(files), withoutCommonJs(files)],
      options: STRICT,
    });
    assertAwaitsAlone(modules.text);
    assertOnce(files, modules.metafile);
    assertOrder(path, files.own, modules.metafile);
    if (files.required.length === 0) return joined(modules, undefined);
    const commonJs = await builtPart(esbuild, path, {
      sourcefile: 'commonjs.cjs',
      contents: loadersOf(files.required),
      plugins: [asFiles(files), withoutModules(files)],
    });
    assertOnce(files, commonJs.metafile);
    return joined(modules, commonJs);
  });
}

/** Modules that wait are run one after the other in a bundle, but side by side by Node. */
function assertAwaitsAlone(text: string): void {
  if ((text.match(AWAITING_MODULE)?.length ?? 0) > 1)
    throw new NotBundled('it imports a module with top-level await');
}

function assertOnce({ outside }: BundleFiles, { inputs }: Metafile): void {
  const twice = Object.keys(inputs).find((input) => outside.has(resolve(input)));
  if (twice !== undefined)
    throw new NotBundled(`${relative('', twice)} is imported, and loaded with createRequire as well`);
}
