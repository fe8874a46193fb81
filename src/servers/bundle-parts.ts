/**
 * What bundles consist of, in two parts: ES modules, which are strict code, and CommonJS, which is not, with a loader for
 * each file that the first part requires. A CommonJS file that loads an ES module would need the opposite direction, so
 * there is no bundle with one. Nor is there if the bundle might behave differently from the files.
 */
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { sharedCopy } from '../isolation/port/shared-counters.js';
import { messageOf } from '../shared/errors.js';
import { META, resolveConditions } from './bundle-files.js';
import { withoutNeedlessNames } from './bundle-names.js';
import { withEsbuild } from './esbuild.js';
import { moduleNamespace } from './module-namespace.js';
import { NotBundled } from './not-bundled.js';

export interface BundledModule {
  /** The body of a CommonJS module, Latin-1, in shared memory. Its `default` export is the server module's. */
  readonly text: Uint8Array;
  /** The file name in stacks. */
  readonly filename: string;
  /** The source map of the bundle, as JSON. */
  readonly sourceMap: string;
}

/** A larger bundle costs more memory in each thread than it saves time. */
const MAX_TEXT_BYTES = 4 * 2 ** 20;

/**
 * Builds one bundle with esbuild.
 * @param path of the file that is bundled, for its name in stacks
 * @throws {NotBundled} if it cannot be built, or not without a difference
 */
export async function bundled(
  path: string,
  build: (esbuild: typeof import('esbuild')) => Promise<Part>,
): Promise<BundledModule> {
  try {
    const { text, sourceMap } = await withEsbuild(build);
    if (text.length > MAX_TEXT_BYTES) {
      throw new NotBundled(`it has ${text.length} bytes with all that it imports`);
    }
    return { text: sharedCopy(Buffer.from(text, 'latin1')), filename: `${path} (bundled)`, sourceMap };
  } catch (error) {
    throw asNotBundled(error);
  }
}

export interface Part {
  /** Without characters beyond Latin-1. */
  readonly text: string;
  /** JSON */
  readonly sourceMap: string;
}

export interface BuiltPart extends Part {
  readonly metafile: Metafile;
}

interface Source {
  readonly sourcefile: string;
  readonly contents: string;
  readonly plugins: Plugin[];
  /** Instead of those of a part that is a CommonJS module. */
  readonly options?: BuildOptions;
}

export async function builtPart(
  { build }: typeof import('esbuild'),
  path: string,
  { sourcefile, contents, plugins, options }: Source,
): Promise<BuiltPart> {
  const { outputFiles = [], metafile } = await build({
    ...BUILD_OPTIONS,
    conditions: resolveConditions(),
    ...options,
    write: false,
    metafile: true,
    stdin: { contents, resolveDir: dirname(path), sourcefile },
    outfile: `${path}.bundle.cjs`,
    plugins,
  });
  const external = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .find((imported) => imported.external === true && !isBuiltin(imported.path));
  if (external !== undefined) throw new NotBundled(`${external.path} was not found`);
  const [sourceMap, text] = [outputFiles.find(isMap), outputFiles.find((file) => !isMap(file))];
  if (sourceMap === undefined || text === undefined) throw new NotBundled('esbuild gave no text');
  return {
    text: withoutNeedlessNames(latin1Of(text.text)),
    sourceMap: sourceMap.text,
    metafile,
  };
}

const BUILD_OPTIONS = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: `node${process.versions.node}`,
  charset: 'ascii',
  legalComments: 'none',
  minifyWhitespace: true,
  sourcemap: 'external',
  sourcesContent: false,
  // Resolve and run as Node does: no conditions and fields of bundlers, and nothing left out because of their
  // annotations.
  mainFields: ['main'],
  ignoreAnnotations: true,
  tsconfigRaw: '{}',
  keepNames: true,
  define: { 'import.meta': META },
  // Code from V8's cache has lost the callback for `import()`; the code in the bundle needs none.
  supported: { 'dynamic-import': false },
  logLevel: 'silent',
} satisfies BuildOptions;

/** The strict part is a program's text, and its exports are set: ES modules that `await` at the top level can have no others. */
export const STRICT = {
  format: 'esm',
  // ES modules have no `require`, and may ask for it. esbuild would give them one.
  define: { 'import.meta': META, require: 'require$' },
} satisfies BuildOptions;

/**
 * Both parts as the body of one function of `exports` and `require`, which returns a promise. Each begins on its own line,
 * because its source map needs that.
 * @param modules built with `STRICT`; has no variables of CommonJS, and takes CommonJS files and modules of Node through `$require`, and sets its exports on
 *   `$exports`
 */
export function joined(modules: Part, commonJs: Part | undefined): Part {
  return inOneText([
    COMMONJS_BEGINS,
    commonJs ?? '',
    `${COMMONJS_ENDS} return (async function ($exports, $require, exports, module) { "use strict"; ${FOR_MODULES}`,
    { ...modules, text: withNamespaces(modules.text) },
    '})(exports, (id) => Object.hasOwn($commonjs, id) ? $commonjs[id]() : require(id));',
  ]);
}

export const COMMONJS_BEGINS = 'const $commonjs = {}; (function (exports, module) {';
export const COMMONJS_ENDS = '})($commonjs, {});';

/** What Node does with the exports of a CommonJS module that an ES module imports. */
function ownValue(exported: unknown, name: string): unknown {
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) return undefined;
  try {
    return Object.hasOwn(exported, name) ? (exported as Record<string, unknown>)[name] : undefined;
  } catch {
    // Its getter failed.
    return undefined;
  }
}

const FOR_MODULES = `const $own = ${ownValue}; const $namespace = ${moduleNamespace};`;

/** esbuild makes each namespace as an object with getters. Blanks fill what is shorter, so that the source map stays valid. */
function withNamespaces(text: string): string {
  return text.replace(NAMESPACE, (whole, name: string) => `${name}=$namespace(`.padEnd(whole.length));
}

const NAMESPACE = /(?<![\w$.])([\w$]+)=\{\};__export\(\1,/g;

export function inOneText(pieces: readonly (string | Part)[]): Part {
  let text = '';
  let line = 0;
  const sections = [];
  for (const piece of pieces) {
    if (typeof piece === 'object') {
      sections.push({ offset: { line, column: 0 }, map: JSON.parse(piece.sourceMap) as object });
    }
    const added = `${typeof piece === 'string' ? piece : piece.text}\n`;
    text += added;
    line += added.split('\n').length - 1;
  }
  return { text, sourceMap: JSON.stringify({ version: 3, sections }) };
}

/** esbuild escapes other characters than ASCII, but in regular expressions and tagged templates, where it must not. */
function latin1Of(text: string): string {
  const [other] = /[\u0100-\u{10ffff}]/u.exec(text) ?? [];
  if (other !== undefined)
    throw new NotBundled(`a regular expression or a tagged template has the character "${other}"`);
  return text;
}

function isMap({ path }: { readonly path: string }): boolean {
  return path.endsWith('.map');
}

/** The first of esbuild's errors. The error of a plugin contains what the plugin threw. */
function asNotBundled(error: unknown): NotBundled {
  if (error instanceof NotBundled) return error;
  const [first] = (error as { errors?: { text: string; detail?: unknown }[] }).errors ?? [];
  if (first?.detail instanceof NotBundled) return first.detail;
  return new NotBundled(first?.text ?? messageOf(error), { cause: error });
}
