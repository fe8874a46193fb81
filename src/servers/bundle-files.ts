/** esbuild plugins that find and read the files of a bundle as Node does, and refuse what cannot be in one. */
import { realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import type { ModuleKind, ModuleKinds } from '../shared/module-kind.js';
import { typeScriptImport } from '../shared/typescript/resolve.js';
import { isTypeScript, transpileError, transpileOptions } from '../shared/typescript/transpile.js';
import { loadedOutside, missingName, unfit } from './bundle-checks.js';
import { commonJsNames } from './commonjs-names.js';
import { NotBundled } from './not-bundled.js';
import { isOwnCode, isPublicApi } from './own-package.js';
import { PlainFiles } from './plain-files.js';

/** The code that makes a gateway has no use in a thread, is large, and loads what it computes. */
const GATEWAY = {
  namespace: 'gateway',
  contents: "throw new Error('a session thread can make no gateway');",
};

/** The prefix under which the strict part requires CommonJS files. */
const COMMONJS = 'bulkhead-commonjs:';
/** What the strict part takes from outside: modules of Node, and the CommonJS part. */
const OUTSIDE = 'outside';
const RESOLVED = { resolved: true };

/** Stands for `import.meta` in each file. */
export const META = '__bulkhead_import_meta';

/** esbuild reads the file: its text does not cross to that program twice. */
const AS_IT_IS = undefined;
/** A reload reads most packages again, and finds them as they were. */
const plainFiles = new PlainFiles();

const PLACE_NAME = /\b__(?:dirname|filename)\b/;

/** What was learned of the files of one bundle. */
export class BundleFiles {
  readonly kinds: ModuleKinds;
  /** The CommonJS files that the strict part requires, in the order of their numbers. */
  readonly required: string[] = [];
  /** Loaded past the bundle, by a `require` that a file has made. */
  readonly outside = new Set<string>();
  /** The files outside of packages, as JavaScript. */
  readonly own = new Map<string, string>();
  hasTypeScript = false;

  constructor(kinds: ModuleKinds) {
    this.kinds = kinds;
  }
}

/** Gives each file its own `import.meta`, and refuses files that cannot be in a bundle. */
export function asFiles(files: BundleFiles): Plugin {
  return {
    name: 'as-files',
    setup(build) {
      build.onResolve({ filter: /^\.\// }, ({ path, importer, kind }) =>
        kind === 'dynamic-import' && isPublicApi(importer)
          ? { path, namespace: GATEWAY.namespace }
          : undefined,
      );
      build.onLoad({ filter: /./, namespace: GATEWAY.namespace }, () => ({ contents: GATEWAY.contents }));
      build.onLoad({ filter: /\.[cm]?[jt]s$/, namespace: 'file' }, ({ path, suffix }) =>
        loaded(build.esbuild, files, path, suffix),
      );
    },
  };
}

async function loaded(
  esbuild: PluginBuild['esbuild'],
  files: BundleFiles,
  path: string,
  suffix: string,
): Promise<OnLoadResult | undefined> {
  const inPackage = path.includes('/node_modules/');
  const version = inPackage ? await plainFiles.versionOf(path) : undefined;
  if (version !== undefined && plainFiles.has(path, version)) return AS_IT_IS;
  const text = await readFile(path, 'utf8');
  const kind = files.kinds.of(path) ?? 'commonjs';
  const typeScript = isTypeScript(path);
  files.hasTypeScript ||= typeScript;
  const code = typeScript ? await javaScript(esbuild, path, text, kind) : text;
  // A TypeScript file has its source map at its end, which may contain anything.
  const isPlain = await check(
    esbuild,
    files,
    path,
    typeScript ? code.slice(0, code.lastIndexOf('//#')) : code,
  );
  if (!inPackage) files.own.set(path, code);
  const knowsItsMeta = code.includes('import.meta');
  const knowsItsPlace = PLACE_NAME.test(code);
  if (version !== undefined && isPlain && !typeScript && !knowsItsMeta && !knowsItsPlace) {
    plainFiles.add(path, version);
    return AS_IT_IS;
  }
  if (kind === 'module') {
    if (!knowsItsMeta) return { contents: code, loader: 'js' };
    const meta = metaOf(path, suffix);
    return {
      contents: typeScript ? await javaScript(esbuild, path, text, kind, meta) : onFirstLine(meta, code),
      loader: 'js',
    };
  }
  if (!knowsItsPlace) return { contents: code, loader: 'js' };
  const names = `var __filename = ${JSON.stringify(path)}, __dirname = ${JSON.stringify(dirname(path))};`;
  if (typeScript) {
    const banner = code.startsWith('"use strict"') ? `"use strict";${names}` : names;
    return { contents: await javaScript(esbuild, path, text, kind, banner), loader: 'js' };
  }
  const bare = await withoutComments(esbuild, code);
  return { contents: PLACE_NAME.test(bare) ? afterDirective(names, bare) : code, loader: 'js' };
}

/** @returns whether it loads nothing past the bundle */
async function check(
  esbuild: PluginBuild['esbuild'],
  files: BundleFiles,
  path: string,
  code: string,
): Promise<boolean> {
  const outside = loadedOutside(path, code);
  const suspicious = unfit(code) ?? outside.why ?? (await missingName(code));
  for (const file of outside.files) files.outside.add(file);
  if (suspicious === undefined) return outside.files.length === 0;
  const bare = await withoutComments(esbuild, code);
  const why = unfit(bare) ?? loadedOutside(path, bare).why ?? (await missingName(bare));
  if (why !== undefined) throw new NotBundled(`${path} ${why}`);
  return outside.files.length === 0;
}

async function javaScript(
  esbuild: PluginBuild['esbuild'],
  path: string,
  text: string,
  kind: ModuleKind,
  banner?: string,
): Promise<string> {
  try {
    return (await esbuild.transform(text, transpileOptions(path, text, kind, banner))).code;
  } catch (error) {
    throw new NotBundled(transpileError(path, error).message, { cause: error });
  }
}

async function withoutComments({ transform }: PluginBuild['esbuild'], text: string): Promise<string> {
  const { code } = await transform(text, { loader: 'js', minifyWhitespace: true, legalComments: 'none' });
  return code;
}

function metaOf(path: string, suffix: string): string {
  const meta = { url: pathToFileURL(path).href + suffix, filename: path, dirname: dirname(path) };
  return `const ${META} = ${JSON.stringify(meta)};`;
}

/** So that the numbers of the following lines stay the same. */
function onFirstLine(added: string, text: string): string {
  return `${added}${text.startsWith('#!') ? '//' : ''}${text}`;
}

/** @param text without comments: a directive is at its beginning, and must stay there */
function afterDirective(added: string, text: string): string {
  const directive = /^["']use strict["'];?/.exec(text)?.[0] ?? '';
  return `${directive}${added}${text.slice(directive.length)}`;
}

/**
 * For the strict part. CommonJS files and modules of Node are taken through `$require`. A CommonJS file is represented by
 * an ES module with the exports that Node would give it, so that it runs at its turn.
 */
export function withoutCommonJs(files: BundleFiles): Plugin {
  return {
    name: 'without-commonjs',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path }) =>
        isBuiltin(path) ? { path, namespace: OUTSIDE } : undefined,
      );
      resolving(build, (resolved, args) => {
        assertImportable(files.kinds, resolved, args);
        if (files.kinds.of(resolved.path) !== 'commonjs') return resolved;
        if (!files.required.includes(resolved.path)) files.required.push(resolved.path);
        return { path: `${COMMONJS}${files.required.indexOf(resolved.path)}`, namespace: OUTSIDE };
      });
      build.onLoad({ filter: /./, namespace: OUTSIDE }, async ({ path }) => {
        const required = path.startsWith(COMMONJS) && files.required[Number(path.slice(COMMONJS.length))];
        const contents = required
          ? await commonJsModule(path, required, async (file) =>
              javaScript(build.esbuild, file, await readFile(file, 'utf8'), 'commonjs'),
            )
          : `module.exports = $require(${JSON.stringify(path)});`;
        return { contents, loader: 'js' };
      });
    },
  };
}

async function commonJsModule(
  id: string,
  path: string,
  transpiled: (path: string) => Promise<string>,
): Promise<string> {
  const names = await commonJsNames(path, transpiled);
  return [
    `const $module = $require(${JSON.stringify(id)}); export default $module;`,
    ...((await exportsWhole()) ? ['export { $module as "module.exports" };'] : []),
    ...names.map(
      (name, index) =>
        `const $${index} = $own($module, ${JSON.stringify(name)}); export { $${index} as ${JSON.stringify(name)} };`,
    ),
  ].join('\n');
}

/** Node 23 and later. */
async function exportsWhole(): Promise<boolean> {
  return Object.hasOwn(await import('esbuild'), 'module.exports');
}

/** Refuses what Node would not import in this way: the files then say so. */
function assertImportable(
  kinds: ModuleKinds,
  { path }: ResolvedFile,
  { path: specifier, importer, resolveDir, kind, with: attributes }: OnResolveArgs,
): void {
  if (kind !== 'import-statement' && kind !== 'dynamic-import') return;
  if (path.endsWith('.json')) {
    if (attributes.type !== 'json')
      throw new NotBundled(`${importer} imports ${specifier} without { type: 'json' }`);
    return;
  }
  if (kinds.of(path) === undefined) throw new NotBundled(`${importer} imports ${path}, which is no script`);
  if (attributes.type !== undefined)
    throw new NotBundled(`${importer} imports ${specifier} as ${attributes.type}`);
  if (isTypeScript(importer) || !(specifier.startsWith('.') || isAbsolute(specifier))) return;
  const [file = ''] = specifier.split(/[?#]/, 1);
  const named = resolve(resolveDir, file);
  if (realPath(named) !== path) throw new NotBundled(`${importer} imports ${specifier}, which is no file`);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** For the CommonJS part. This package's own modules do not need strict mode. */
export function withoutModules({ kinds }: BundleFiles): Plugin {
  return {
    name: 'without-modules',
    setup(build) {
      resolving(build, (resolved, { importer }) => {
        if (kinds.of(resolved.path) !== 'module' || isOwnCode(resolved.path)) return resolved;
        throw new NotBundled(`${importer} is CommonJS and loads ${resolved.path}, an ES module`);
      });
    },
  };
}

interface ResolvedFile {
  readonly path: string;
  readonly suffix: string;
}

/** Calls back with esbuild's resolution of each import of a file; in a TypeScript file, by TypeScript's rules. */
function resolving(
  build: PluginBuild,
  decide: (resolved: ResolvedFile, args: OnResolveArgs) => OnResolveResult,
): void {
  build.onResolve({ filter: /./ }, async (args) => {
    const { path, pluginData, importer, namespace, resolveDir, kind, with: attributes } = args;
    if (pluginData === RESOLVED || kind === 'entry-point') return undefined;
    if (path.startsWith('data:')) throw new NotBundled(`${importer} imports a data: URL`);
    const named = namespace === 'file' ? fileNamed(path, resolveDir) : undefined;
    if (named !== undefined) return decide({ path: named, suffix: '' }, args);
    const meant = isTypeScript(importer) ? typeScriptImport(path, importer) : undefined;
    const options = { importer, namespace, resolveDir, kind, with: attributes, pluginData: RESOLVED };
    const found = await build.resolve(meant ?? path, options);
    if (found.errors.length > 0 || found.external || found.namespace !== 'file') return undefined;
    return decide({ path: found.path, suffix: found.suffix }, args);
  });
}

/**
 * The file that a relative specifier names to the letter, as in most packages: esbuild would find the same, in three
 * messages to and from its program.
 */
function fileNamed(specifier: string, resolveDir: string): string | undefined {
  if (!/^\.{1,2}\/[\w./-]+\.[cm]?js$/.test(specifier)) return undefined;
  const path = resolve(resolveDir, specifier);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? realPath(path) : undefined;
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

/** Conditions of `exports` that apply besides esbuild's own, which are Node's older ones. */
export function resolveConditions(): string[] {
  const { require_module: requiresModules } = process.features as { require_module?: boolean };
  return ['node-addons', ...(requiresModules ? ['module-sync'] : []), ...givenConditions()];
}

function givenConditions(): string[] {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return flags.flatMap((flag, index) => {
    const [, value] = /^(?:--conditions|-C)=(.+)$/.exec(flag) ?? [];
    if (value !== undefined) return [value];
    const next = flags[index + 1];
    return (flag === '--conditions' || flag === '-C') && next !== undefined ? [next] : [];
  });
}
