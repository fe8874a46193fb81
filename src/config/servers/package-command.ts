/** The command of an installed npm package: the file that its `bin` names (package.json, "bin"). */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../shared/errors.js';

/** Says why there is none. The message completes the sentence `"package" is "server-memory", …`. */
export class NoPackageCommand extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoPackageCommand';
  }
}

/**
 * Finds the file of the package's command where Node looks for packages: in the `node_modules` of the folder and of the
 * folders above it.
 * @throws {NoPackageCommand}
 */
export function packageCommand(name: string, folder: string): string {
  const packageFolder = findPackage(name, folder);
  if (packageFolder === undefined) {
    throw new NoPackageCommand(`which is not installed: run npm install ${name} in ${folder}`);
  }
  const file = join(packageFolder, binOf(name, packageFolder));
  if (!isFile(file)) throw new NoPackageCommand(`whose command ${file} does not exist: install it again`);
  return file;
}

function findPackage(name: string, folder: string): string | undefined {
  const packageFolder = join(folder, 'node_modules', name);
  if (isFile(join(packageFolder, 'package.json'))) return packageFolder;
  const parent = dirname(folder);
  return parent === folder ? undefined : findPackage(name, parent);
}

function binOf(name: string, packageFolder: string): string {
  const bins = binsOf(join(packageFolder, 'package.json'));
  if (typeof bins === 'string') return bins;
  const named = Object.entries(bins).filter((bin): bin is [string, string] => typeof bin[1] === 'string');
  // As npx does: the only one, or the one with the package's name without its scope (npm docs, "npm exec").
  const own = named.length === 1 ? named[0] : named.find(([bin]) => bin === name.replace(/^@.*\//, ''));
  if (own !== undefined) return own[1];
  if (named.length === 0) {
    throw new NoPackageCommand(
      'which has no command ("bin" in its package.json): name its file as "script" instead',
    );
  }
  const names = named.map(([bin]) => bin).join(', ');
  throw new NoPackageCommand(
    `which has several commands, ${names}, and none with its own name: name the file of one as "script" instead`,
  );
}

function binsOf(packageJson: string): string | object {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(packageJson, 'utf8'));
  } catch (error) {
    throw new NoPackageCommand(`whose ${packageJson} cannot be read: ${messageOf(error)}`);
  }
  const { bin } = (content ?? {}) as { readonly bin?: unknown };
  return typeof bin === 'string' || (typeof bin === 'object' && bin !== null) ? bin : {};
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
