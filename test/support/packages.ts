import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Puts a package into the `node_modules` of the folder, with the files that its `bin` names.
 * @returns the absolute path of one of its files
 */
export function installPackage(
  folder: string,
  name: string,
  packageJson: { readonly bin?: string | Readonly<Record<string, string>> },
): (file: string) => string {
  const root = join(folder, 'node_modules', name);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version: '1.0.0', ...packageJson }));
  const { bin = {} } = packageJson;
  for (const file of typeof bin === 'string' ? [bin] : Object.values(bin)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  return (file) => join(root, file);
}
