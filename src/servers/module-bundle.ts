/**
 * Bundles the server module and everything that it imports.
 *
 * Loading zod alone from `node_modules` takes longer than everything else in a thread's start. From a bundle with V8's
 * code cache it takes an eighth of that (ADR 9). If the bundle might behave differently from the files, there is none,
 * and threads import the files.
 */
import { fileURLToPath } from 'node:url';
import {
  asFiles,
  type BundledModule,
  builtPart,
  bundled,
  joined,
  loadersOf,
  withoutCommonJs,
  withoutModules,
} from './bundle-parts.js';
import { ModuleKinds } from './module-kind.js';

/**
 * Bundles the server module.
 * @param moduleUrl a `file:` URL
 * @throws {NotBundled} if it cannot be bundled, or not without a difference
 */
export function bundleServerModule(moduleUrl: string): Promise<BundledModule> {
  const path = fileURLToPath(moduleUrl);
  return bundled(path, async (esbuild) => {
    const kinds = new ModuleKinds();
    const required: string[] = [];
    // Node's own way to the default export, for a CommonJS module too: through an importer that is an ES module.
    const contents = `export { default } from ${JSON.stringify(path)};`;
    const modules = await builtPart(esbuild, path, {
      sourcefile: 'entry.mjs',
      contents,
      plugins: [asFiles, withoutCommonJs(kinds, required)],
    });
    if (required.length === 0) return joined(modules);
    const commonJs = await builtPart(esbuild, path, {
      sourcefile: 'commonjs.cjs',
      contents: loadersOf(required),
      plugins: [asFiles, withoutModules(kinds)],
    });
    return joined(modules, commonJs);
  });
}
