/** Which file an import in a TypeScript file means, where TypeScript's rules go beyond Node's. */
import { statSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { mappedPaths } from './tsconfig.js';

/** TypeScript code names a file as the compiler would write it. */
const WRITTEN_AS: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' };
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/**
 * `./x.js` that means `x.ts`, a file without its extension, a folder with an index, `paths` of `tsconfig.json`.
 * @param importer path of a TypeScript file
 * @returns an absolute path; `undefined` if Node's own rules apply
 */
export function typeScriptImport(specifier: string, importer: string): string | undefined {
  if (/^\.{1,2}(?:\/|$)/.test(specifier) || isAbsolute(specifier)) {
    const path = resolve(dirname(importer), specifier);
    return isFile(path) ? undefined : fileFor(path);
  }
  // A scheme, or a name of the package's own.
  if (/^(?:[a-z]+:|#)/.test(specifier)) return undefined;
  for (const path of mappedPaths(specifier, importer)) {
    const file = isFile(path) ? path : fileFor(path);
    if (file !== undefined) return file;
  }
  return undefined;
}

function fileFor(path: string): string | undefined {
  const extension = extname(path);
  const source = WRITTEN_AS[extension];
  const candidates = [
    ...(source === undefined ? [] : [path.slice(0, -extension.length) + source]),
    ...EXTENSIONS.map((each) => path + each),
    ...EXTENSIONS.map((each) => join(path, `index${each}`)),
  ];
  return candidates.find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
