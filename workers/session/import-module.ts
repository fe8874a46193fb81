type Importer = (specifier: string) => Promise<unknown>;

let importer: Importer = (specifier) => import(specifier);

/**
 * `import()` for the bundled worker. Code that V8 took from its cache has lost the callback with which Node serves
 * `import()` (Node 20 and 24). The entry is never cached, and provides its own.
 */
export function importModule(specifier: string): Promise<unknown> {
  return importer(specifier);
}

export function importThrough(entryImporter: Importer): void {
  importer = entryImporter;
}
