/** The `tsconfig.json` that applies to a file: the nearest one above it, with what it extends. */
import { dirname, sep } from 'node:path';
import { createPathsMatcher, getTsconfig, type TsConfigResult } from 'get-tsconfig';

interface Known {
  readonly tsconfig: TsConfigResult | undefined;
  /** What a specifier may mean by `paths` or `baseUrl`. */
  readonly paths: ((specifier: string) => string[]) | undefined;
}

/** One file's configuration is read once for its whole folder, and again for the next check of a module. */
let known = new Map<string, Known>();

/** For what is read after this: a file may have changed. */
export function forgetTsconfigs(): void {
  known = new Map();
}

/** `undefined` for a file of a package, and where there is none. @throws {Error} if it cannot be read */
export function tsconfigOf(path: string): TsConfigResult | undefined {
  return knownFor(path).tsconfig;
}

/** Absolute paths without extension, best first. */
export function mappedPaths(specifier: string, importer: string): readonly string[] {
  return knownFor(importer).paths?.(specifier) ?? [];
}

function knownFor(path: string): Known {
  const folder = dirname(path);
  let found = known.get(folder);
  if (found === undefined) {
    const inPackage = folder.split(sep).includes('node_modules');
    const tsconfig = inPackage ? undefined : (getTsconfig(folder) ?? undefined);
    found = { tsconfig, paths: tsconfig && (createPathsMatcher(tsconfig) ?? undefined) };
    known.set(folder, found);
  }
  return found;
}
