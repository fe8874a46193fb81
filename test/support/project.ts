import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json: tests run compiled, fixtures and sources stay where they are. */
export const projectRoot = findProjectRoot();

/** The folder that the running tests were compiled into; the built command line and workers are beside them. */
export const buildRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function findProjectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('No package.json in any folder above the tests.');
    folder = parent;
  }
  return folder;
}
