/**
 * Makes one text of the server module and all that it imports. Loading zod alone from `node_modules` takes a thread
 * longer than everything else at its start; from one text, with V8's code cache, an eighth of that (ADR 9). Where the
 * text might behave otherwise than the files, there is none, and threads import the module as it is.
 */
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OnLoadResult, Plugin, PluginBuild } from 'esbuild';
import { messageOf } from '../shared/errors.js';

export interface BundledModule {
  /** The body of a CommonJS module, ASCII, in shared memory; its `default` export is the server module's. */
  readonly text: Uint8Array;
  /** What stacks call it. */
  readonly filename: string;
  /** The source map of the text, as JSON. */
  readonly sourceMap: string;
}

/** Why there is no bundle; completes the sentence "is not bundled, because …". */
export class NotBundled extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'NotBundled';
  }
}

/** Beyond it, a text in each thread costs more memory than it saves time. */
const MAX_TEXT_BYTES = 4 * 2 ** 20;

/** This package as a server module imports it. What makes a gateway has no use in a thread, and is large. */
const PUBLIC_API = fileURLToPath(new URL('../index.js', import.meta.url));
const GATEWAY = {
  namespace: 'gateway',
  contents: "throw new Error('a session thread can make no gateway');",
};

const META = '__bulkhead_import_meta';

/** What means something else, or nothing, in one text than in a file of its own. */
const UNFIT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\bimport\s*\(\s*(?!['"\s])/, 'imports what it computes'],
  [/\brequire\s*\(\s*(?!['"\s])/, 'requires what it computes'],
  [/\brequire\s*\.\s*(?:resolve|cache|main|extensions)\b/, 'uses more of `require` than the call'],
  [/\b__(?:dirname|filename)\b/, 'uses __dirname or __filename'],
  [
    /\bimport\s*\.\s*meta\s*(?!\s*\.\s*(?:url|dirname|filename)\b)/,
    'uses more of import.meta than its address',
  ],
];

/** Gives each file an `import.meta` of its own, and refuses those that can't live in one text. */
const asFiles: Plugin = {
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
      const why = unfit(text) && unfit(await withoutComments(build.esbuild, text));
      if (why !== undefined) throw new NotBundled(`${path} ${why}`);
      return { contents: text.includes('import.meta') ? withMeta(path, text) : text, loader: 'js' };
    });
  },
};

function unfit(text: string): string | undefined {
  return UNFIT.find(([pattern]) => pattern.test(text))?.[1];
}

async function withoutComments({ transform }: PluginBuild['esbuild'], text: string): Promise<string> {
  const { code } = await transform(text, { loader: 'js', minifyWhitespace: true, legalComments: 'none' });
  return code;
}

/** On the first line, so that those below keep their numbers. */
function withMeta(path: string, text: string): string {
  const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
  return `const ${META} = ${JSON.stringify(meta)};${text.startsWith('#!') ? '//' : ''}${text}`;
}

let underway = 0;

/**
 * Bundles the server module.
 * @param moduleUrl `file:` URL.
 * @throws {NotBundled} where it can't be done, or not without a difference.
 */
export async function bundleServerModule(moduleUrl: string): Promise<BundledModule> {
  const path = fileURLToPath(moduleUrl);
  const folder = dirname(path);
  // Loaded only where a module is bundled: it is a program of its own, that runs until `stop`.
  const { build, stop } = await import('esbuild');
  underway += 1;
  try {
    const { outputFiles, metafile } = await build({
      // Node's own way to the default export, also of a CommonJS module: by an importer that is an ES module.
      stdin: {
        contents: `export { default } from ${JSON.stringify(path)};`,
        resolveDir: folder,
        sourcefile: 'entry.mjs',
      },
      bundle: true,
      write: false,
      metafile: true,
      outfile: `${path}.bundle.cjs`,
      platform: 'node',
      format: 'cjs',
      target: `node${process.versions.node}`,
      charset: 'ascii',
      legalComments: 'none',
      minifyWhitespace: true,
      sourcemap: 'external',
      sourcesContent: false,
      // As Node resolves and runs: no conditions and fields of bundlers, and nothing left out for their annotations.
      conditions: [],
      mainFields: ['main'],
      ignoreAnnotations: true,
      tsconfigRaw: '{}',
      keepNames: true,
      define: { 'import.meta': META },
      // Code from V8's cache has lost what serves `import()`; what is in the text needs none.
      supported: { 'dynamic-import': false },
      logLevel: 'silent',
      plugins: [asFiles],
    });
    const external = Object.values(metafile.outputs)
      .flatMap((output) => output.imports)
      .find((imported) => imported.external === true && !isBuiltin(imported.path));
    if (external !== undefined) throw new NotBundled(`${external.path} was not found`);
    const [sourceMap, text] = [outputFiles.find(isMap), outputFiles.find((file) => !isMap(file))];
    if (sourceMap === undefined || text === undefined) throw new NotBundled('esbuild gave no text');
    if (text.contents.length > MAX_TEXT_BYTES) {
      throw new NotBundled(`it has ${text.contents.length} bytes with all that it imports`);
    }
    return {
      text: shared(withoutNeedlessNames(text.contents)),
      filename: `${path} (bundled)`,
      sourceMap: sourceMap.text,
    };
  } catch (error) {
    throw asNotBundled(error);
  } finally {
    underway -= 1;
    // It ends the builds of other gateways of this process as well.
    if (underway === 0) await stop();
  }
}

/**
 * esbuild gives each function its name, which costs every thread a kilobyte and some. A declaration that was not renamed has it
 * already: with blanks in place of that, the source map still holds.
 * @param text ASCII
 */
function withoutNeedlessNames(text: Uint8Array): Uint8Array {
  const ascii = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  return Buffer.from(ascii.replace(NEEDLESS_NAME, blanks), 'latin1');
}

const NEEDLESS_NAME = /(?<=[;{}])__name\(([\w$]+),"\1"\);/g;

function blanks(statement: string): string {
  return ' '.repeat(statement.length);
}

/** All threads read the one copy. */
export function shared(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

function isMap({ path }: { readonly path: string }): boolean {
  return path.endsWith('.map');
}

/** The first of esbuild's errors; one of a plugin's carries what the plugin threw. */
function asNotBundled(error: unknown): NotBundled {
  if (error instanceof NotBundled) return error;
  const [first] = (error as { errors?: { text: string; detail?: unknown }[] }).errors ?? [];
  if (first?.detail instanceof NotBundled) return first.detail;
  return new NotBundled(first?.text ?? messageOf(error), { cause: error });
}
