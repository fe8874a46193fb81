/**
 * Bundles a Node program and everything that it imports, as `module-bundle.ts` does with a server module. A program is
 * run for what it does, so its bundle is a function that runs it; with `await` at the top level, it returns a promise.
 */
import { realpath } from 'node:fs/promises';
import { ModuleKinds } from '../shared/module-kind.js';
import { asFiles, BundleFiles, loadersOf, withoutCommonJs, withoutModules } from './bundle-files.js';
import {
  type BundledModule,
  builtPart,
  bundled,
  COMMONJS_BEGINS,
  COMMONJS_ENDS,
  inOneText,
  joined,
  type Part,
  STRICT,
} from './bundle-parts.js';
import { NotBundled } from './not-bundled.js';

/** Node shows the line of an error that ends a process. */
const SHORT_LINES = { lineLimit: 120 };

/**
 * @param script absolute path of its file
 * @throws {NotBundled} if it cannot be bundled, or not without a difference
 */
export function bundleProgram(script: string): Promise<BundledModule> {
  return bundled(script, async (esbuild) => {
    const files = new BundleFiles(new ModuleKinds());
    // As Node does: a program's own address has no links in it.
    const path = await realpath(script);
    const commonJsPart = (contents: string): Promise<Part> =>
      builtPart(esbuild, path, {
        sourcefile: 'commonjs.cjs',
        contents,
        plugins: [asFiles(files), withoutModules(files)],
        options: SHORT_LINES,
      });
    const kind = files.kinds.of(path);
    if (kind === undefined) throw new NotBundled('it is no JavaScript file');
    if (kind === 'commonjs') {
      const program = await commonJsPart(`exports.main = () => require(${JSON.stringify(path)});`);
      // An ES module has none.
      if (/\bmainModule\b/.test(program.text)) throw new NotBundled('it uses process.mainModule');
      return inOneText([COMMONJS_BEGINS, program, `${COMMONJS_ENDS} $commonjs.main();`]);
    }
    const modules = await builtPart(esbuild, path, {
      sourcefile: 'entry.mjs',
      contents: `await import(${JSON.stringify(path)});`,
      plugins: [asFiles(files), withoutCommonJs(files)],
      options: { ...SHORT_LINES, ...STRICT },
    });
    const { required } = files;
    return joined(modules, required.length === 0 ? undefined : await commonJsPart(loadersOf(required)));
  });
}
