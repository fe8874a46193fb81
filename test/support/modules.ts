import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildRoot, projectRoot } from './project.js';

const MODULES = join('test', 'fixtures', 'modules');

/** `file:` URL of `test/fixtures/modules/<name>.mjs`. @throws {Error} when there is no such file. */
export function fixtureModule(name: string): URL {
  const file = join(projectRoot, MODULES, `${name}.mjs`);
  if (!existsSync(file)) throw new Error(`There is no fixture ${file}.`);
  return pathToFileURL(file);
}

/**
 * A fixture module joined with the packages that it imports (`build/test-modules.ts`), for gateways that do not bundle:
 * its threads start in half the time. Any other module stays as it is.
 */
export function joined(module: URL): URL {
  const source = `${pathToFileURL(join(projectRoot, MODULES))}/`;
  if (!module.href.startsWith(source)) return module;
  const file = join(buildRoot, MODULES, module.href.slice(source.length));
  return existsSync(file) ? pathToFileURL(file) : module;
}

/** The server module that tests use by default: see `test/fixtures/modules/tools.mjs`. */
export const toolsModule = fixtureModule('tools');
