/**
 * What bundles consist of, in two parts: ES modules, which are strict code, and CommonJS, which is not, with a loader for
 * each file that the first part requires. A CommonJS file that loads an ES module would need the opposite direction, so
 * there is no bundle with one. Nor is there if the bundle might behave differently from the files.
 */
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type {
  BuildOptions,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from 'esbuild';
import { sharedCopy } from '../isolation/port/shared-counters.js';
import { messageOf } from '../shared/errors.js';
import { withEsbuild } from './esbuild.js';
import { ModuleKinds } from './module-kind.js';

export interface BundledModule {
  /** The body of a CommonJS module, ASCII, in shared memory. Its `default` export is the server module's. */
  readonly text: Uint8Array;
  /** The file name in stacks. */
  readonly filename: string;
  /** The source map of the bundle, as JSON. */
  readonly sourceMap: string;
}

/** Why there is no bundle; completes the sentence "is not bundled, because …". */
export class NotBundled extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'NotBundled';
  }
}

/** A larger bundle costs more memory in each thread than it saves time. */
const MAX_TEXT_BYTES = 4 * 2 ** 20;

/** This package as a server module imports it. The code that makes a gateway has no use in a thread, and is large. */
const PUBLIC_API = fileURLToPath(new URL('../index.js', import.meta.url));
const GATEWAY = {
  namespace: 'gateway',
  contents: "throw new Error('a session thread can make no gateway');",
};

/** The prefix under which the strict part requires CommonJS files. */
const COMMONJS = 'bulkhead-commonjs:';
const RESOLVED = { resolved: true };

const META = '__bulkhead_import_meta';

/** Code that means something else, or nothing, in a bundle. */
const UNFIT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\bimport\s*\(\s*(?!['"\s])/, 'imports what it computes'],
  [/\brequire\s*\(\s*(?!['"\s])/, 'requires what it computes'],
  [/\brequire\s*\.\s*(?:resolve|cache|main|extensions)\b/, 'uses more of `require` than the call'],
  [/\bmodule\s*\.\s*(?:parent|paths|children|filename)\b/, 'uses more of `module` than its exports'],
  [
    /\bimport\s*\.\s*meta\s*(?!\s*\.\s*(?:url|dirname|filename)\b)/,
    'uses more of import.meta than its address',
  ],
];

const PLACE_NAME = /\b__(?:dirname|filename)\b/;

/** Gives each file its own `import.meta`, and refuses files that cannot be in a bundle. */
export const asFiles: Plugin = {
  name: 'as-files',
  setup(build) {
    build.onResolve({ filter: /^\.\// }, ({ path, importer, kind }) =>
      importer === PUBLIC_API && kind === 'dynamic-import'
        ? { path, namespace: GATEWAY.namespace }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: GATEWAY.namespace }, () => ({ contents: GATEWAY.contents }));
    build.onLoad({ filter: /\.[cm]?js$/ }, async ({ path }): Promise<OnLoadResult> => {
      const text = await readFile(path, 'utf8');
      if (!PLACE_NAME.test(text)) return asFile(build.esbuild, path, text);
      const bare = await withoutComments(build.esbuild, text);
      if (!PLACE_NAME.test(bare)) return asFile(build.esbuild, path, text);
      // In an ES module, they are its own variables.
      if ((await new ModuleKinds().of(path)) !== 'commonjs') return asFile(build.esbuild, path, text);
      return asFile(build.esbuild, path, withPlaceNames(path, bare));
    });
  },
};

async function asFile(esbuild: PluginBuild['esbuild'], path: string, text: string): Promise<OnLoadResult> {
  const why = unfit(text) && unfit(await withoutComments(esbuild, text));
  if (why !== undefined) throw new NotBundled(`${path} ${why}`);
  return { contents: text.includes('import.meta') ? withMeta(path, text) : text, loader: 'js' };
}

/** @param text without comments: a directive is at its beginning, and must stay there */
function withPlaceNames(path: string, text: string): string {
  const names = `var __filename = ${JSON.stringify(path)}, __dirname = ${JSON.stringify(dirname(path))};`;
  const directive = /^["']use strict["'];?/.exec(text)?.[0] ?? '';
  return `${directive}${names}${text.slice(directive.length)}`;
}

function unfit(text: string): string | undefined {
  return UNFIT.find(([pattern]) => pattern.test(text))?.[1];
}

async function withoutComments({ transform }: PluginBuild['esbuild'], text: string): Promise<string> {
  const { code } = await transform(text, { loader: 'js', minifyWhitespace: true, legalComments: 'none' });
  return code;
}

/** Added to the first line, so that the numbers of the following lines stay the same. */
function withMeta(path: string, text: string): string {
  const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
  return `const ${META} = ${JSON.stringify(meta)};${text.startsWith('#!') ? '//' : ''}${text}`;
}

/**
 * @param required receives the CommonJS files that the strict part requires, as absolute paths in the order of their
 *   numbers
 * @param asResolved how they are resolved, besides their names
 */
export function withoutCommonJs(
  kinds: ModuleKinds,
  required: string[],
  asResolved: OnResolveResult = { external: true },
): Plugin {
  return resolving('without-commonjs', async (resolved) => {
    if ((await kinds.of(resolved.path)) !== 'commonjs') return resolved;
    if (!required.includes(resolved.path)) required.push(resolved.path);
    return { ...asResolved, path: `${COMMONJS}${required.indexOf(resolved.path)}` };
  });
}

/** This package's own modules do not need strict mode. */
export function withoutModules(kinds: ModuleKinds): Plugin {
  const ownFolder = dirname(PUBLIC_API);
  return resolving('without-modules', async (resolved, { importer }) => {
    if (resolved.path.startsWith(ownFolder) || (await kinds.of(resolved.path)) !== 'module') return resolved;
    throw new NotBundled(`${importer} is CommonJS and loads ${resolved.path}, an ES module`);
  });
}

/** A plugin that is called with esbuild's resolution of each import of a file. */
function resolving(
  name: string,
  decide: (resolved: { readonly path: string }, args: OnResolveArgs) => Promise<OnResolveResult>,
): Plugin {
  return {
    name,
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, ...rest }) => {
        if (pluginData === RESOLVED || rest.kind === 'entry-point') return undefined;
        const { importer, namespace, resolveDir, kind } = rest;
        const found = await build.resolve(path, {
          importer,
          namespace,
          resolveDir,
          kind,
          with: rest.with,
          pluginData: RESOLVED,
        });
        if (found.errors.length > 0 || found.external || found.namespace !== 'file') return undefined;
        return decide({ path: found.path }, { path, pluginData, ...rest });
      });
    },
  };
}

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

/** The loaders of CommonJS files, by the names under which the strict part requires them. */
export function loadersOf(required: readonly string[]): string {
  return required
    .map(
      (file, index) =>
        `exports[${JSON.stringify(COMMONJS + index)}] = () => require(${JSON.stringify(file)});`,
    )
    .join('\n');
}

export interface Part {
  /** The body of a CommonJS module, ASCII. */
  readonly text: string;
  /** JSON */
  readonly sourceMap: string;
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
): Promise<Part> {
  const { outputFiles = [], metafile } = await build({
    ...BUILD_OPTIONS,
    ...options,
    write: false,
    metafile: true,
    stdin: { contents, resolveDir: dirname(path), sourcefile },
    outfile: `${path}.bundle.cjs`,
    plugins,
  });
  const external = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .find(
      (imported) =>
        imported.external === true && !isBuiltin(imported.path) && !imported.path.startsWith(COMMONJS),
    );
  if (external !== undefined) throw new NotBundled(`${external.path} was not found`);
  const [sourceMap, text] = [outputFiles.find(isMap), outputFiles.find((file) => !isMap(file))];
  if (sourceMap === undefined || text === undefined) throw new NotBundled('esbuild gave no text');
  return { text: withoutNeedlessNames(text.contents), sourceMap: sourceMap.text };
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
  conditions: [],
  mainFields: ['main'],
  ignoreAnnotations: true,
  tsconfigRaw: '{}',
  keepNames: true,
  define: { 'import.meta': META },
  // Code from V8's cache has lost the callback for `import()`; the code in the bundle needs none.
  supported: { 'dynamic-import': false },
  logLevel: 'silent',
} satisfies BuildOptions;

/**
 * Both parts as the body of one function of `exports`, `require` and `module`. Each begins on its own line, because its
 * source map needs that.
 */
export function joined(modules: Part, commonJs?: Part): Part {
  return inOneText(
    commonJs === undefined
      ? ['"use strict";', modules]
      : [
          'const $commonjs = {}; (function (exports, module) {',
          commonJs,
          '})($commonjs, {}); (function (require) { "use strict";',
          modules,
          '})((id) => Object.hasOwn($commonjs, id) ? $commonjs[id]() : require(id));',
        ],
  );
}

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

/**
 * esbuild gives each function its name explicitly, which costs every thread more than a kilobyte. A declaration that
 * was not renamed already has its name. The explicit one is replaced by blanks, so that the source map stays valid.
 * @param text ASCII
 */
function withoutNeedlessNames(text: Uint8Array): string {
  const ascii = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  return ascii.replace(NEEDLESS_NAME, blanks);
}

const NEEDLESS_NAME = /(?<=[;{}])__name\(([\w$]+),"\1"\);/g;

function blanks(statement: string): string {
  return ' '.repeat(statement.length);
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
