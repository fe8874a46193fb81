import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.js';

/** `file:` URL of `test/fixtures/modules/<name>.mjs`. */
export function fixtureModule(name: string): URL {
  return fixture(join('modules', `${name}.mjs`));
}

/** `file:` URL of a file under `test/fixtures/`. @throws {Error} when there is no such file. */
function fixture(path: string): URL {
  const file = join(projectRoot, 'test', 'fixtures', path);
  if (!existsSync(file)) throw new Error(`There is no fixture ${file}.`);
  return pathToFileURL(file);
}

/** The server module that tests use by default: see `test/fixtures/modules/tools.mjs`. */
export const toolsModule = fixtureModule('tools');
